# How rows are entered and left in all modes, for system.c. Registers and tables have fixed names that both use.
        # Where all of it lies. What real mode uses has a second name, its offset there: see system.ld.
        .set BASE, 0x50000
        .set CODE32, 0x08
        .set DATA32, 0x10
        .set TSS, 0x18
        .set REAL_CODE, 0x58
        .set REAL_DATA, 0xa0
        .set LOCAL, 0xa8
        .set VECTOR_TIMER, 0x20
        # Ticks of the timer that no row lasts that ends by itself.
        .set MOST_TICKS, 60

        .section .note.GNU-stack
        .section .header, "a"
        .align 4
        .long 0x1badb002, 0, -0x1badb002

        .section .blob, "a"
        .globl blob
blob:   .incbin "rows.bin"

        .bss
        .align 4
        .macro word name, count=1
        .globl \name
\name:  .skip 4 * \count
        .endm
        # EIP, CS, EFLAGS, ESP, SS, ES, DS, FS, GS: what IRET takes of it depends on the mode.
        word frame, 9
        # Where IRET finds it: an offset and a selector.
        word entry, 2
        # DS, ES, FS, GS
        word segments, 4
        word out_segments, 4
        word own_esp
        word out_vector
        word out_error
        word out_eip
        word out_cs
        word out_ss
        word cr0
        word cr3
        word cr4
        word ticks
        word steps_left

        .text
        .globl _start
_start: cli
        cld
        mov $BASE + 0xfff0, %esp
        jmp start

        .globl load_tables
load_tables:
        lgdt gdt_at
        lidt idt_at
        ljmp $CODE32, $1f
1:      mov $DATA32, %eax
        mov %eax, %ds
        mov %eax, %es
        mov %eax, %fs
        mov %eax, %gs
        mov %eax, %ss
        mov $LOCAL, %eax
        lldt %ax
        mov $TSS, %eax
        ltr %ax
        ret

        .macro save_own
        push %ebp
        push %ebx
        push %esi
        push %edi
        mov %esp, own_esp
        mov $0x200, %eax
        mov %eax, %cr4
        mov $0x33, %eax
        mov %eax, %cr0
        cmpl $0, uses_fpu
        je 1f
        fxrstor fpu_before
1:
        .endm

        .macro load_registers near=
        mov in\()\near\(), %edi
        mov in\()\near\()+4, %esi
        mov in\()\near\()+8, %ebp
        mov in\()\near\()+16, %ebx
        mov in\()\near\()+20, %edx
        mov in\()\near\()+24, %ecx
        mov in\()\near\()+28, %eax
        .endm

        .globl run_protected
run_protected:
        mov cr3, %eax
        mov %eax, %cr3
        save_own
        mov cr4, %eax
        mov %eax, %cr4
        mov cr3, %eax
        mov %eax, %cr3
        mov cr0, %eax
        mov %eax, %cr0
        lss entry, %esp
        load_registers
        mov segments+4, %es
        mov segments+8, %fs
        mov segments+12, %gs
        mov segments, %ds
        iret

        # An exception or interrupt: the stack may be any.
        .macro stub vector
        .align 16
        .if \vector == VECTOR_TIMER
        jmp tick
        .elseif \vector == 1
        jmp step
        .elseif (\vector == 8) || ((\vector >= 10) && (\vector <= 14)) || (\vector == 17)
        push $\vector
        jmp common
        .else
        push $0
        push $\vector
        jmp common
        .endif
        .endm

        .align 16
        .globl stubs
stubs:
        .set i, 0
        .rept 256
        stub i
        .set i, i + 1
        .endr

tick:   push %eax
        push %ds
        mov $DATA32, %eax
        mov %eax, %ds
        mov $0x20, %al
        out %al, $0x20
        incl ticks
        cmpl $MOST_TICKS, ticks
        pop %ds
        pop %eax
        ja 1f
        iret
1:      push $0
        push $VECTOR_TIMER
        jmp common

step:   push %eax
        push %ds
        mov $DATA32, %eax
        mov %eax, %ds
        decl steps_left
        pop %ds
        pop %eax
        js 1f
        iret
1:      push $0
        push $1

common: cld
        pushal
        push %gs
        push %fs
        push %es
        push %ds
        mov $DATA32, %eax
        mov %eax, %ds
        mov %eax, %es
        pop out_segments
        pop out_segments+4
        pop out_segments+8
        pop out_segments+12
        pop out
        pop out+4
        pop out+8
        pop out+12
        pop out+16
        pop out+20
        pop out+24
        pop out+28
        pop out_vector
        pop out_error
        pop out_eip
        pop out_cs
        pop out+32
        testl $0x20000, out+32
        jnz 2f
        testl $3, out_cs
        jnz 1f
        mov %esp, out+12
        mov %ss, out_ss
        jmp back
2:      pop out+12
        pop out_ss
        pop out_segments+4
        pop out_segments
        pop out_segments+8
        pop out_segments+12
        jmp back
1:      pop out+12
        pop out_ss
back:   mov $DATA32, %eax
        mov %eax, %ss
        mov own_esp, %esp
        # Without paging, and with all that saving the FPU needs.
        mov $0x33, %eax
        mov %eax, %cr0
        mov $0x200, %eax
        mov %eax, %cr4
        cmpl $0, uses_fpu
        je 1f
        fxsave fpu_after
1:      lidt idt_at
        mov $DATA32, %eax
        mov %eax, %fs
        mov %eax, %gs
        pushl $2
        popf
        pop %edi
        pop %esi
        pop %ebx
        pop %ebp
        ret

        # A task of its own.
        .globl double_fault
double_fault:
        movl $8, out_vector
        movl $0, out_error
        jmp back

        .globl run_real
run_real:
        save_own
        lidt real_idt_at
        ljmp $REAL_CODE, $in_segment_near
        .code16
        .globl in_segment, in_real_mode
in_segment:
        # Else the stack would stay one of 32 bits.
        mov $REAL_DATA, %ax
        mov %ax, %ds
        mov %ax, %es
        mov %ax, %fs
        mov %ax, %gs
        mov %ax, %ss
        mov $0x32, %eax
        mov %eax, %cr0
        ljmp $BASE >> 4, $in_real_mode_near
in_real_mode:
        mov $BASE >> 4, %ax
        mov %ax, %ds
        lss entry_near, %esp
        load_registers _near
        mov segments_near+4, %es
        mov segments_near+8, %fs
        mov segments_near+12, %gs
        mov segments_near, %ds
        iretw

        .align 16
        .macro stub16 vector
        .align 16
        .if \vector == VECTOR_TIMER
        jmp tick16
        .elseif \vector == 1
        jmp step16
        .else
        pushw $\vector
        jmp common16
        .endif
        .endm
        .globl stubs16
stubs16:
        .set i, 0
        .rept 256
        stub16 i
        .set i, i + 1
        .endr

tick16: push %ax
        mov $0x20, %al
        out %al, $0x20
        incl %cs:ticks_near
        cmpl $MOST_TICKS, %cs:ticks_near
        pop %ax
        ja 1f
        iretw
1:      pushw $VECTOR_TIMER
        jmp common16

step16: decl %cs:steps_left_near
        js 1f
        iretw
1:      pushw $1

common16:
        mov %edi, %cs:out_near
        mov %esi, %cs:out_near+4
        mov %ebp, %cs:out_near+8
        mov %ebx, %cs:out_near+16
        mov %edx, %cs:out_near+20
        mov %ecx, %cs:out_near+24
        mov %eax, %cs:out_near+28
        mov %ds, %cs:out_segments_near
        mov %es, %cs:out_segments_near+4
        mov %fs, %cs:out_segments_near+8
        mov %gs, %cs:out_segments_near+12
        mov $BASE >> 4, %ax
        mov %ax, %ds
        popw out_vector_near
        popw out_eip_near
        popw out_cs_near
        popw out_near+32
        mov %esp, out_near+12
        mov %ss, out_ss_near
        lgdtl gdt_at_near
        lidtl idt_at_near
        mov $0x33, %eax
        mov %eax, %cr0
        ljmpl $CODE32, $1f
        .code32
1:      mov $DATA32, %eax
        mov %eax, %ds
        mov %eax, %es
        jmp back
