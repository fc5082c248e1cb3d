// The receiver of sd_notify messages as a program for Perl, with what the package perl-base has.

/**
 * Node has no AF_UNIX datagram sockets. It reads all that comes, so that no service ever waits for
 * it, and keeps the last word of each kind: a flood is as many lines for the daemon as a single one.
 */
export const receiverInPerl: string = String.raw`# homeostat: hears what services say by sd_notify(3)
use strict; use warnings;
use Socket qw(AF_UNIX SOCK_DGRAM SOCK_STREAM SOMAXCONN MSG_DONTWAIT sockaddr_un);
use POSIX (); use Errno qw(EAGAIN EINTR);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);

my ($option, $path) = @ARGV;
die "usage: --socket PATH\n" unless ($option // "") eq "--socket" && defined $path;
my ($longest, $at_once, $gap, $unread) = (4096, 64, 0.1, 16 * 1024 * 1024);
my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK());
my (%by_name, %by_fd, $door, $daemon, $in, $out, $watched);
$SIG{PIPE} = $SIG{HUP} = $SIG{INT} = "IGNORE";
$SIG{TERM} = sub { leave() };

sub now { (POSIX::times())[0] / $ticks }
sub word { my $t = shift; $t =~ s/([^\x21-\x24\x26-\x7e])/sprintf "%%%02x", ord $1/ge; $t eq "" ? "%" : $t }
sub unword { my $t = shift; $t =~ s/%([0-9a-fA-F]{2})?/defined $1 ? chr hex $1 : ""/ge; $t }
sub still { my $s = shift; fcntl $s, F_SETFL, fcntl($s, F_GETFL, 0) | O_NONBLOCK; $s }
sub watch { vec($watched, fileno $_[0], 1) = $_[1] }
sub ago { int((now() - $_[0]) * 1000 + 0.5) }
sub leave { unlink map { $_->{path} } values %by_name; unlink $path; POSIX::_exit(0) }

sub open_door {
  for my $try (1, 2) {
    socket $door, AF_UNIX, SOCK_STREAM, 0 or die "socket: $!\n";
    my $before = umask 0177;
    my $bound = bind $door, sockaddr_un($path);
    my $why = $!;
    umask $before;
    last if $bound;
    socket my $other, AF_UNIX, SOCK_STREAM, 0;
    die "bind $path: $why\n" if $try == 2 || connect $other, sockaddr_un($path);
    unlink $path;
  }
  listen $door, SOMAXCONN or die "listen: $!\n";
  still($door);
  watch($door, 1);
}

sub part { return unless $daemon; watch($daemon, 0); close $daemon; undef $daemon }

sub greet {
  accept my $fresh, $door or return;
  part();
  $daemon = still($fresh); watch($daemon, 1);
  ($in, $out) = ("", "hello 1 $$\n");
  for (values %by_name) { hear($_, 2048); report($_) }
  push_out();
}

sub push_out {
  while ($daemon && length $out) {
    my $sent = syswrite $daemon, $out;
    if (defined $sent) { substr($out, 0, $sent) = ""; next }
    next if $! == EINTR;
    if ($! != EAGAIN || length $out > $unread) { part() }
    return;
  }
}

sub report {
  my $s = shift;
  ($s->{news}, $s->{told}) = (0, now());
  return unless $daemon;
  my @words = ("said", word($s->{name}), word($s->{run}));
  push @words, "phase=$s->{phase}/" . ago($s->{phase_at}) if $s->{phase};
  for (qw(ready watchdog trigger)) { push @words, "$_=" . ago($s->{$_}) if defined $s->{$_} }
  push @words, "within=$s->{within}" if defined $s->{within};
  push @words, "extend=" . ago($s->{extend_at}) . "/$s->{extend}" if defined $s->{extend};
  push @words, "status=" . word($s->{status}) if defined $s->{status};
  push @words, "mainpid=1" if $s->{mainpid};
  push @words, "bad=$s->{bad}" if $s->{bad};
  $out .= join(" ", @words) . "\n";
}

sub fresh { my ($s, $run) = @_; %$s = (%$s{qw(name path fd)}, run => $run, bad => 0, news => 0, told => 0) }

sub hear {
  my ($s, $most) = @_;
  my $at = now();
  for (1 .. $most) {
    my $from = recv $s->{fd}, my $text, $longest + 1, MSG_DONTWAIT;
    return unless defined $from;
    $text =~ s/\0\z//;
    if (length $text > $longest || index($text, "\0") >= 0) { $s->{bad}++; $s->{news} = 1; next }
    for (split /\n/, $text) {
      if ($_ eq "WATCHDOG=1") { $s->{watchdog} = $at; next }
      next unless /^([A-Z_]+)=(.*)\z/s;
      my ($key, $value) = ($1, $2);
      if ($key eq "READY" && $value eq "1") { @$s{qw(phase phase_at ready)} = ("ready", $at, $at) }
      elsif ($key eq "RELOADING" && $value eq "1") { @$s{qw(phase phase_at)} = ("reloading", $at) }
      elsif ($key eq "STOPPING" && $value eq "1") { @$s{qw(phase phase_at)} = ("stopping", $at) }
      elsif ($key eq "STATUS") { $s->{status} = substr $value, 0, 1000 }
      elsif ($key eq "WATCHDOG" && $value eq "trigger") { $s->{trigger} = $at }
      elsif ($key eq "WATCHDOG_USEC" && $value =~ /^\d{1,15}\z/) { $s->{within} = int($value / 1000) }
      elsif ($key eq "EXTEND_TIMEOUT_USEC" && $value =~ /^\d{1,15}\z/) { @$s{qw(extend extend_at)} = (int($value / 1000), $at) }
      elsif ($key eq "MAINPID") { $s->{mainpid} = 1 }
      else { next }
      $s->{news} = 1;
    }
  }
}

sub bind_one {
  my ($name, $where, $uid, $gid) = @_;
  my $known = $by_name{$name};
  return if $known && $known->{path} eq $where && -S $where;
  if ($known) { watch($known->{fd}, 0); delete $by_fd{fileno $known->{fd}}; delete $by_name{$name} }
  socket my $fd, AF_UNIX, SOCK_DGRAM, 0 or return "socket: $!";
  unlink $where if -S $where;
  my $before = umask 0177;
  my $bound = bind $fd, sockaddr_un($where);
  my $why = "$!";
  umask $before;
  return "bind $where: $why" unless $bound;
  if ($uid >= 0 && !chown $uid, $gid, $where) { $why = "$!"; unlink $where; return "chown $where: $why" }
  my $s = $known // {};
  @$s{qw(name path fd)} = ($name, $where, $fd);
  fresh($s, "") unless $known;
  $by_name{$name} = $by_fd{fileno $fd} = $s;
  watch($fd, 1);
  return;
}

sub obey {
  my ($order, $id, @rest) = split / /, shift;
  return part() unless defined $id && $id =~ /^\d+\z/;
  leave() if $order eq "stop";
  my ($why, $name) = (undef, unword($rest[0] // ""));
  my $s = $by_name{$name};
  if ($order eq "bind") { $why = bind_one($name, unword($rest[1] // ""), @rest[2, 3]) }
  elsif ($order eq "ping") { }
  elsif (!$s) { $why = "there is no socket of $name" }
  elsif ($order eq "begin") { hear($s, 2048); fresh($s, unword($rest[1] // "")) }
  elsif ($order eq "sync") { hear($s, 2048); report($s) }
  else { $why = "there is no order $order" }
  $out .= defined $why ? "failed $id " . word($why) . "\n" : "done $id\n";
}

sub listen_to_daemon {
  my $got = sysread $daemon, $in, 65536, length $in;
  return if !defined $got && ($! == EAGAIN || $! == EINTR);
  return part() if !$got || length $in > 1_048_576;
  while ($daemon && $in =~ s/^([^\n]*)\n//) { obey($1) }
}

sub alone { my ($dev, $ino) = (stat $path)[0, 1]; leave_quietly() unless defined $ino && $ino == $main::inode }
sub leave_quietly { POSIX::_exit(0) }

$watched = "";
open_door();
our $inode = (stat $path)[1];
my $look = now() + 60;
while (1) {
  my ($due, $at) = ($look, now());
  for (values %by_name) {
    next unless $_->{news};
    if ($at >= $_->{told} + $gap) { report($_) } elsif ($_->{told} + $gap < $due) { $due = $_->{told} + $gap }
  }
  push_out();
  my ($read, $write) = ($watched, "");
  vec($write, fileno $daemon, 1) = 1 if $daemon && length $out;
  my $wait = $due - now();
  next if select($read, $write, undef, $wait > 0 ? $wait : 0) < 0;
  greet() if vec $read, fileno $door, 1;
  listen_to_daemon() if $daemon && vec $read, fileno $daemon, 1;
  for (keys %by_fd) { hear($by_fd{$_}, $at_once) if $by_fd{$_} && vec $read, $_, 1 }
  if (now() >= $look) { $look = now() + 60; alone() }
}
`;
