# Copies sources and puts bugs into them.
#
#   perl seed_bugs.pl seeded_bugs.txt OUTPUT_DIRECTORY SOURCE...
#
# The form of the list is told there. A text that its file does not have exactly
# once ends the build: whoever changed the file changes the list as well.
use strict;
use warnings;
use File::Basename;

my ($list, $directory, @sources) = @ARGV;

sub contents {
  my ($file) = @_;
  open(my $in, '<', $file) or die "$file: $!\n";
  local $/;
  return <$in>;
}

my %text = map { basename($_) => contents($_) } @sources;

my $bugs = contents($list);
$bugs =~ s/^#( .*)?\n//mg;
while ($bugs =~ /^in (\S+)\n(.*?)^to\n(.*?)^end\n/msg) {
  my ($file, $old, $new) = ($1, $2, $3);
  chomp($old, $new);
  die "$list: the fake has no $file\n" unless exists $text{$file};
  my $times = () = $text{$file} =~ /\Q$old\E/g;
  die "$list: $file has this $times times, and not once:\n$old\n"
    unless $times == 1;
  $text{$file} =~ s/\Q$old\E/$new/;
}

for my $file (keys %text) {
  # The copy is of itself, and not of the fake.
  $text{$file} =~ s{"backends/fake/}{"testing/differential/seeded/}g;
  $text{$file} =~ s{^(?=#include ")}{#include "testing/differential/seeded_bug.h"\n}m;
  open(my $out, '>', "$directory/$file") or die "$directory/$file: $!\n";
  print $out $text{$file};
}
