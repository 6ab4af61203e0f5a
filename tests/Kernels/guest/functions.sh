# What scripts in the machine use; its programs, scry and strace are on the PATH.

# eventually CONDITION: asks until it holds; fails after 30 seconds.
eventually() {
	eventually_left=300
	until eval "$1"; do
		eventually_left=$((eventually_left - 1))
		[ $eventually_left -gt 0 ] || { echo "waited in vain until $1" >&2; exit 1; }
		sleep 0.1
	done
}

# attached PID LINKS: waits until a scry has attached its programs.
attached() {
	eventually "! [ -e /proc/$1 ] || [ \$(cat /proc/$1/fdinfo/* 2>/dev/null | grep -c link_id) -ge $2 ]"
	[ -e /proc/$1 ]
}

# ended PID: asks a scry to end and gives its status. A shell's background jobs do not hear SIGINT.
ended() {
	kill -TERM "$1" 2>/dev/null || :
	wait "$1"
}

# inside CGROUP SCRIPT: runs it in a cgroup; its end is nobody's concern.
inside() {
	sh -c "echo \$\$ >$1/cgroup.procs; $2" || :
}
