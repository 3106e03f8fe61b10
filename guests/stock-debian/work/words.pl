# Counts the words of a text, and sorts, substitutes and computes with them.
use strict;
use warnings;

my %count;
my $text = do { local $/; open my $in, '<', $ARGV[0] or die "$ARGV[0]: $!"; <$in> };
$count{lc $1}++ while $text =~ /\b([a-z][a-z']+)\b/gi;
my @top = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
printf "%-8s %5d\n", $_, $count{$_} for @top[0 .. 5];

my $entropy = 0;
my $all = 0;
$all += $_ for values %count;
$entropy -= $_ / $all * log($_ / $all) / log(2) for values %count;
printf "%d words, %d different, %.12f bits\n", $all, scalar(@top), $entropy;

(my $turned = $text) =~ s/(\w+)/scalar reverse $1/ge;
$turned =~ tr/a-zA-Z/n-za-mN-ZA-M/;
printf "%d characters, checksum %d\n", length $turned, unpack('%32C*', $turned);
printf "%.15g %.15g %s\n", exp(1)**2.5, atan2(1, 3), join ' ', map { sprintf '%x', $_ * 7919 % 65537 } 1 .. 8;
