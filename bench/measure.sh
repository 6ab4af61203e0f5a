# SPDX-License-Identifier: Apache-2.0
# What bench/run, bench/loop and bench/stat share; to be sourced, with $here set to this folder.

work=$(mktemp -d)
running=()
cgroup=
finish() {
	for pid in "${running[@]}"; do kill "$pid" 2>/dev/null; done
	[ -z "$cgroup" ] || { sleep 0.2; rmdir "$cgroup"; }
	rm -rf "$work"
}
trap finish EXIT

build() {
	clang -O2 -g -target bpf -c "$here/../src/bpf/floor.bpf.c" -o "$work/floor.bpf.o" &&
		gcc -O2 -o "$work/floor" "$here/floor.c" -lbpf &&
		gcc -O2 -o "$work/calls" "$here/calls.c" &&
		gcc -O2 -o "$work/first" "$here/first.c" || exit 1
}

# median FILE: of the numbers in it, one a line.
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { if (NR) printf "%.1f", (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2; else printf "nan" }'; }

# note NAME COMMAND…: appends what the command prints to the measure's file.
note() { local name=$1; shift; "$@" >>"$work/$name.ns" 2>>"$work/errors"; }

with_floor() { with_programs "$work/floor.bpf.o" "$@"; }

# with_programs "OBJECT [PROGRAM]" COMMAND…: while its programs, or the one, are attached.
with_programs() {
	local object=$1
	shift
	mkfifo "$work/hold"
	"$work/floor" $object <"$work/hold" >"$work/ready" 2>>"$work/errors" &
	local pid=$!
	exec 9>"$work/hold"
	rm "$work/hold"
	until [ -s "$work/ready" ]; do kill -0 $pid 2>/dev/null || { echo "the floor did not attach" >&2; exit 1; }; sleep 0.05; done
	"$@"
	exec 9>&-
	wait $pid
	rm "$work/ready"
}

# row NAME FILE BASE FLOOR
row() {
	awk -v n="$1" -v v="$(median "$work/$2.ns")" -v b="$3" -v f="$4" \
		'BEGIN { printf "| %s | %.0f | %.0f | %s |\n", n, v, v - b, (f > b && v != b) ? sprintf("%.2f", (v - b) / (f - b)) : "" }'
}

links() { bpftool link show | grep -c '^[0-9]'; }

# describe_machine ROUNDS
describe_machine() {
	echo "$(date -u +%F), kernel $(uname -r), $(nproc) CPUs: $(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(awk '/MemTotal/ { printf "%.0f GB", $2 / 1e6 }' /proc/meminfo)$(grep -q hypervisor /proc/cpuinfo && echo ', a virtual machine'); $1 rounds, medians."
}

say_errors() {
	[ ! -s "$work/errors" ] || { echo "what was said on the way:" >&2; sort "$work/errors" | uniq -c | head -20 >&2; }
}
