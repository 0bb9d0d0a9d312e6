# shellcheck shell=bash
# Runs the steps of a script side by side, tells how each ended and how long it took, and fails if one failed.
#
#   . .ci/steps.sh
#   tests() { go test ./...; }
#   step tests "the tests"   # adds a step: a function, and its name for readers
#   run_steps                # runs the steps that were added since, several at once
#   summary                  # prints the output and time of every step; exits with 1 if one failed
#
# A step fails at its first command that fails. It counts as skipped if it prints a line that begins with "skipped: ".
# JOBS says how many steps run at once. Steps of one run_steps must not wait for each other.

# Bash 3.2, which macOS has, must do: no associative arrays, no wait -n.
set -euo pipefail

scratch=$(mktemp -d)
functions=() names=() first=0
workers=()

# step adds a step.
step() { functions+=("$1") names+=("$2"); }

# run_steps starts workers, and waits until they have run the steps that were added since it was last called.
run_steps() {
  local job
  for ((job = 0; job < ${JOBS:-$(cores)}; job++)); do
    set -m # gives the worker a process group, so that stop ends what it has started
    work $first </dev/null &
    set +m
    workers+=($!)
  done
  wait
  workers=()
  first=${#names[@]}
}

# failed tells whether a step has failed so far.
failed() { grep -qs '^FAIL' "$scratch"/*.end; }

# cores prints how many processors there are.
cores() { getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2; }

# work runs steps from number $1 on that no other worker has taken. mkdir takes a step: it succeeds once.
work() {
  local i
  set +e # a step that fails must not end its worker
  for ((i = $1; i < ${#names[@]}; i++)); do
    mkdir "$scratch/$i.taken" 2>/dev/null && perform "$i"
  done
}

# perform runs step $1. It leaves the output in a file, and how it ended in another: ok, FAIL or skipped, the seconds that
# passed, and those of processors.
perform() {
  local log=$scratch/$1.log end=ok code took
  local TIMEFORMAT='%R %U %S'
  # Not in a condition: there, bash would ignore set -e within the step.
  { time {
    (
      set -e
      "${functions[$1]}"
    ) >"$log" 2>&1
  }; } 2>"$scratch/$1.time"
  code=$?
  if [ $code -ne 0 ]; then
    end=FAIL
    printf '\nexit code %d\n' $code >>"$log"
  elif grep -q '^skipped: ' "$log"; then
    end=skipped
  fi
  took=$(awk '{ printf "%.1f %.1f", $1, $2 + $3 }' "$scratch/$1.time")
  echo "$end $took" >"$scratch/$1.end"
  printf '%5d s  %-7s  %s\n' $SECONDS "$end" "${names[$1]}"
}

# summary prints the output of all steps, of those that failed last, and then the times. It ends the script. A step without
# an end has lost its worker, so it has failed.
summary() {
  local i end wall cpu total=0 passed=0 failed=0 skipped=0
  for i in "${!names[@]}"; do
    [ -f "$scratch/$i.end" ] || { echo "FAIL 0 0" >"$scratch/$i.end"; echo "it has no end" >>"$scratch/$i.log"; }
  done
  output ok skipped
  output FAIL
  printf '\n%8s %8s\n%8s %8s\n' wall cpu seconds seconds
  for i in "${!names[@]}"; do
    read -r end wall cpu <"$scratch/$i.end"
    case $end in ok) passed=$((passed + 1)) ;; FAIL) failed=$((failed + 1)) ;; *) skipped=$((skipped + 1)) ;; esac
    total=$(awk "BEGIN { print $total + $cpu }")
    printf '%8s %8s  %-7s  %s\n' "$wall" "$cpu" "$end" "${names[$i]}"
  done
  printf '%8d %8s  in all\n' $SECONDS "$total"
  for i in "${!names[@]}"; do
    grep -qs '^FAIL' "$scratch/$i.end" && printf 'failed: %s\n' "${names[$i]}"
  done
  printf '\nsteps: %d passed, %d failed, %d skipped\n' $passed $failed $skipped
  [ $failed -eq 0 ]
  exit
}

# output prints the output of the steps that ended in one of the ways named, without what Go says of its downloads.
output() {
  local i end way
  for i in "${!names[@]}"; do
    read -r end _ <"$scratch/$i.end"
    for way in "$@"; do
      [ "$way" = "$end" ] || continue
      printf '\n== %s: %s\n' "${names[$i]}" "$end"
      grep -v '^go: downloading ' "$scratch/$i.log" || true
    done
  done
}

# stop ends what still runs, and prints what it has said so far.
stop() {
  local i worker
  for worker in ${workers[@]+"${workers[@]}"}; do kill -TERM -- "-$worker" 2>/dev/null || true; done
  for i in "${!names[@]}"; do
    [ -f "$scratch/$i.log" ] && [ ! -f "$scratch/$i.end" ] || continue
    printf '\n== %s: stopped\n' "${names[$i]}"
    cat "$scratch/$i.log"
  done
  exit 130
}
trap stop INT TERM
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
