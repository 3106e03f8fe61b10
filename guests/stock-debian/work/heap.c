/* Two faults of a heap: memory that is read after it was freed, and a name that runs over a function's address. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    char name[16];
    void (*greet)(const char *);
};

static void hello(const char *name)
{
    printf("hello %s\n", name);
}

int main(int argc, char **argv)
{
    char *secret = malloc(40);
    struct entry *entry = malloc(sizeof *entry);
    entry->greet = hello;
    strcpy(secret, "the safe opens with 4711");
    free(secret);
    printf("left behind: %s\n", secret + 12);
    fflush(stdout);
    strcpy(entry->name, argc > 1 ? argv[1] : "nobody");
    entry->greet(entry->name);
    return 0;
}
