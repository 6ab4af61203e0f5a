# Runs each of /files/scripts in a directory of its own below /results: out, err, status, seconds, and what the script writes.
# Each is named as it begins: of a machine that hangs, that is what is known.
for script in /files/scripts/*; do
	echo "${script##*/}"
	mkdir "/results/${script##*/}"
	cd "/results/${script##*/}" || exit 1
	began=$(cut -d' ' -f1 /proc/uptime)
	# What it mounts and unmounts is its own.
	timeout -s KILL 120 unshare -m sh -c '. /files/functions.sh; set -e; . "$0"' "$script" >out 2>err
	echo $? >status
	# Whatever a script started ends with it.
	kill -KILL -1
	echo "$began $(cut -d' ' -f1 /proc/uptime)" | awk '{ print $2 - $1 }' >seconds
done
cd /
dmesg >/results/dmesg
