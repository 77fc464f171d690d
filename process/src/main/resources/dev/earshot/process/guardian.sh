# The guardian of an Earshot session: it waits, and when Earshot was killed it ends what is left.
# Its standard input is a pipe that Earshot alone can write to; "bye" is an orderly end, end of file
# is Earshot's death. POSIX shell; every signal that can be is ignored since before it started.
#
# $1   the digits that the session's processes have in their limit of file locks and a variable
# $2   the session's folder, to be removed; or empty
# $3   the session's control group; or empty
# $4   settings for the terminal at descriptor 3, as stty takes them; or empty
# $5   Earshot's process group, $6 its session
# $7   "alone" if no shell with job control is there to set the terminal for itself
# $8   paths of files that Earshot was writing and that are to be completed, one a line; or empty
# $9.. patterns of names of processes that may live on
# Blocked since before it started, so that none could come in between.
trap '' HUP INT QUIT TERM PIPE ALRM USR1 USR2 TSTP TTIN TTOU
PATH=$PATH:/usr/bin:/bin
mark=$1 folder=$2 cgroup=$3 settings=$4 group=$5 session=$6 alone=$7 artefacts=$8
shift 8
leaders=' ' starting=

while read -r word number; do
  case $word in
    bye) exit 0 ;;
    starting) starting=1 ;;
    failed) starting= ;;
    leader) leaders="$leaders$number " starting= ;;
    ended) case $leaders in *" $number "*) leaders="${leaders%% "$number" *} ${leaders#* "$number" }" ;; esac ;;
  esac
done
# Of a command that was just being started the number is not known: then nobody is spared.
[ -z "$starting" ] || shift $#

# The pids of all that carry the mark as their limit, and with "variable" of those that have it there.
# Reading an environment can wait for a process that hangs, as nothing else here can.
marked() {
  for file in $(
    grep -lsE "^Max file locks +${mark}[0-9]{5} " /proc/[0-9]*/limits
    [ "$1" != variable ] || grep -lsF "EARSHOT_MARK=$mark" /proc/[0-9]*/environ
  ); do
    file=${file#/proc/}
    echo "${file%%/*}"
  done
}

# Of the pids, and with "tree" of their children and so on: those that live, as "pid parent" lines;
# of one that may be a guardian, as far as can be told without reading its memory, with a third word.
living() {
  cat /proc/[0-9]*/stat 2> /dev/null | awk -v how="$1" -v pids="$2" '
    BEGIN { count = split(pids, list, " "); for (i = 1; i <= count; i++) member[list[i]] = 1 }
    {
      pid = $1
      name = $0
      sub(/^.*\) /, "")
      split($0, field, " ")
      state[pid] = field[1]
      parent[pid] = field[2]
      shell[pid] = index(name, "(sh) ") && field[4] == pid ? " shell" : ""
    }
    END {
      do {
        grew = 0
        if (how == "tree") for (pid in parent) if (!(pid in member) && (parent[pid] in member)) { member[pid] = 1; grew = 1 }
      } while (grew)
      for (pid in member) if ((pid in state) && state[pid] !~ /[ZX]/) print pid, parent[pid] shell[pid]
    }'
}

# Whether a process matches one of the patterns: by its name, its program's name or its command line.
# Not by "case", which takes for ever for some patterns.
matches() {
  pid=$1
  shift
  line=$(head -c 16384 "/proc/$pid/cmdline" 2> /dev/null | tr '\0' ' ') || return 1
  line=${line% }
  program=${line%% *}
  read -r name 2> /dev/null < "/proc/$pid/comm" || name=
  awk '
    function matches(glob, text,    in_, at, star, resume, one) {
      in_ = at = 1; star = 0
      while (at <= length(text)) {
        one = substr(glob, in_, 1)
        if (one == "*") { star = in_++; resume = at }
        else if (in_ <= length(glob) && (one == "?" || one == substr(text, at, 1))) { in_++; at++ }
        else if (star) { in_ = star + 1; at = ++resume }
        else return 0
      }
      while (substr(glob, in_, 1) == "*") in_++
      return in_ > length(glob)
    }
    BEGIN {
      for (i = 4; i < ARGC; i++) for (j = 1; j <= 3; j++) if (matches(ARGV[i], ARGV[j])) exit 0
      exit 1
    }' "$name" "${program##*/}" "$line" "$@"
}

# Of "pid parent" lines the pids of those that may live on by the patterns.
kept() {
  lines=$1
  shift
  while read -r pid _; do
    case $leaders in *" $pid "*) ;; *) ! matches "$pid" "$@" || echo "$pid" ;; esac
  done << END
$lines
END
}

# Of pids those of guardians. They have no mark, and end by themselves once what they guard is dead
# and their own work is done.
guardians() {
  for pid in "$@"; do
    case $(head -c 64 "/proc/$pid/cmdline" 2> /dev/null | tr '\0' ' ') in
      "/bin/sh -c # The guardian of an Earshot session"*) echo "$pid" ;;
    esac
  done
}

# The "pid parent" lines without those of the pids $2, and what hangs from them.
without() {
  lines=$1 roots=" $(echo "$2" | tr '\n' ' ') " grew=1
  while [ $grew = 1 ]; do
    grew=0
    while read -r pid parent _; do
      case $roots in *" $pid "*) continue ;; esac
      case $roots in *" $parent "*) roots="$roots$pid " grew=1 ;; esac
    done << END
$lines
END
  done
  while read -r pid rest; do
    case $roots in *" $pid "*) ;; *) echo "$pid $rest" ;; esac
  done << END
$lines
END
}

# Notes the guardians of sessions within this one among "pid parent" lines, and leaves the others in
# $all.
spare() {
  all=$1
  case $all in *shell*) ;; *) return ;; esac
  found=$(guardians $(echo "$all" | sed -n 's/ .* shell$//p'))
  [ -n "$found" ] || return
  all=$(without "$all" "$found")
  for pid in $found; do
    case $spared in *" $pid "*) ;; *) spared="$spared$pid " ;; esac
  done
}
spared=' '

# One signal to all that is to end: what has the $2 as its mark, and with "tree" what hangs from it,
# but for guardians. Fails if there is nothing.
pass() {
  signal=$1 by=$2 how=$3
  shift 3
  all=$(living "$how" "$(marked "$by" | tr '\n' ' ')")
  [ -n "$all" ] || return 1
  [ $# = 0 ] || all=$(without "$all" "$(kept "$all" "$@")")
  spare "$all"
  [ -n "$all" ] || return 1
  kill -s "$signal" $(echo "$all" | cut -d ' ' -f 1) 2> /dev/null
  return 0
}

# The pids in a control group and in those within it.
members() (
  cat "$1/cgroup.procs"
  for within in "$1"/*/; do if [ -d "$within" ]; then members "${within%/}"; fi; done
)

# All that is in the control group, at once where that is possible: but for what may live on, and
# unless a guardian is in there, whoever's child that is by now.
kill_group() {
  [ -n "$cgroup" ] && [ $# = 0 ] || return
  spare "$(living alone "$(members "$cgroup" | tr '\n' ' ')")"
  if [ "$spared" = ' ' ]; then echo 1 > "$cgroup/cgroup.kill"; else withheld=1; fi
} 2> /dev/null
withheld=

# Until the guardians that were spared have ended; one that waits for others has their time as well.
await_spared() {
  patience=0
  for pid in $spared; do patience=$((patience + 200)); done
  left=$(guardians $spared)
  while [ -n "$left" ] && [ $patience -gt 0 ]; do
    patience=$((patience - 1))
    sleep 0.05 2> /dev/null || { sleep 1; patience=$((patience - 19)); }
    left=$(guardians $left)
  done
  [ -z "$left" ] || kill -s KILL $left 2> /dev/null
  spared=' '
}

# KILL to all with the limit, as fast as a shell can: against one that always has a successor the
# faster wins. Fails if there was none that lives.
sweep() {
  found=1
  for file in $(grep -lsE "^Max file locks +${mark}[0-9]{5} " /proc/[0-9]*/limits); do
    file=${file#/proc/} pid=${file%/limits}
    read -r line 2> /dev/null < "/proc/$pid/stat" || continue
    case ${line##*) } in [ZX]*) continue ;; esac
    kill -s KILL "$pid" 2> /dev/null
    found=0
  done
  return $found
}

# Makes an HTTP Archive whole that was cut while an entry was being added: what is behind the last
# newline is part of an entry, and the end is missing. It may have gigabytes, and is looked at from
# its end alone. All is done to the one file that was looked at, whatever its path leads to by now.
# Again changes nothing.
complete() (
  [ -f "$1" ] && [ ! -h "$1" ] && exec 4<> "$1" || exit
  file=/proc/self/fd/4
  [ ! -h "$1" ] && [ "$1" -ef $file ] || exit
  # One of ours: it begins with a line of this form, which is never cut.
  [ "$(head -c 4096 $file | wc -l)" -gt 0 ] || exit
  case $(head -c 4096 $file | head -n 1) in '{"log":{'*'"entries":[') ;; *) exit ;; esac
  if [ "$(tail -c 1 $file | wc -l)" = 0 ]; then
    size=$(wc -c < $file) cut=$(tail -n 1 $file | wc -c)
    dd if=/dev/null of=$file bs=1 seek=$((size - cut)) || exit
  fi
  [ "$(tail -c 5 $file | tr '\n' '?')" = '?]}}?' ] || echo ']}}' >> $file
) > /dev/null 2>&1
complete_all() {
  while IFS= read -r path; do [ -z "$path" ] || complete "$path"; done << END
$artefacts
END
}

# The same without starting a process, which a tree that has used up all there may be does not let us:
# a shell that cannot fork exits, and comes here.
without_forks() {
  [ $quiet -lt 2 ] || return
  [ -z "$cgroup" ] || echo 1 > "$cgroup/cgroup.kill"
  for file in /proc/[0-9]*/limits; do
    while read -r one two three value rest; do
      case "$one $two $three $value" in
        "Max file locks $mark"?????)
          pid=${file#/proc/}
          kill -s KILL "${pid%/limits}"
          ;;
      esac
    done < "$file"
  done
  complete_all
} 2> /dev/null
quiet=0
[ $# -gt 0 ] || trap without_forks EXIT

# What was being written is nobody's any more, and none of the tree's business: beside the killing.
[ -z "$artefacts" ] || complete_all &

# The terminal, before whoever started Earshot goes on; a shell with job control would set it itself.
[ -z "$alone" ] || stty "$settings" <&3 2> /dev/null

# Stopped first, once, so that a parent that is killed does not hide a child without a mark, and
# that no session within this one begins between the look for its guardian and the end.
if pass STOP limit tree "$@"; then
  kill_group "$@"
  pass KILL limit tree "$@"
else
  kill_group "$@"
fi
passes=0
while [ $quiet -lt 2 ] && [ $passes -lt 150 ]; do
  passes=$((passes + 1))
  if [ $# = 0 ]; then sweep; else pass KILL limit alone "$@"; fi && quiet=0 || quiet=$((quiet + 1))
  # What does not end at once may never do so.
  [ $passes -lt 120 ] || sleep 1
done
trap - EXIT
await_spared

# Again, as nobody is left to change it; not if a shell has taken it by now.
if [ -n "$settings" ]; then
  taken=
  if read -r line 2> /dev/null < "/proc/$session/stat"; then
    foreground=$(echo "${line##*) }" | cut -d ' ' -f 6)
    [ "$foreground" = "$group" ] || ! kill -s 0 -- "-$foreground" 2> /dev/null || taken=1
  fi
  [ -n "$taken" ] || stty "$settings" <&3 2> /dev/null
fi


# Those that have set their limit themselves.
ended=$quiet passes=0
while pass KILL variable tree "$@" && [ $passes -lt 100 ]; do passes=$((passes + 1)); done
[ $passes -lt 100 ] || ended=0
await_spared
[ -z "$withheld" ] || kill_group "$@"

# Removes a control group with those that a session within it made; who is left goes where Earshot was.
remove() (
  for within in "$1"/*/; do if [ -d "$within" ]; then remove "${within%/}"; fi; done
  while read -r pid; do { echo "$pid" > "${cgroup%/*}/cgroup.procs"; } 2> /dev/null; done 2> /dev/null < "$1/cgroup.procs"
  rmdir "$1" 2> /dev/null
)
if [ -n "$cgroup" ]; then remove "$cgroup"; fi

wait

# With a process left over, the folder says whose it was.
if [ $ended -ge 2 ] && [ -n "$folder" ]; then
  rm -rf -- "$folder"
  case ${folder%/*} in */earshot-[0-9]*) rmdir -- "${folder%/*}" 2> /dev/null ;; esac
fi
exit 0
