# What ./scry and ./test share; to be sourced, with $root set to the repository.

BUILD_PACKAGES=(clang llvm gcc libc6-dev libbpf-dev libbz2-dev libdw-dev libelf-dev libiberty-dev liblzma-dev zlib1g-dev)
# For arm64 from another processor: LLVM compiles and links, since gcc-aarch64-linux-gnu keeps out gcc-multilib.
ARM64_PACKAGES=(clang lld llvm libgcc-12-dev:arm64 libc6-dev:arm64 libbpf-dev:arm64 libbz2-dev:arm64 libdw-dev:arm64
	libelf-dev:arm64 libiberty-dev:arm64 liblzma-dev:arm64 zlib1g-dev:arm64)

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "$0: $*"
	exit 1
}

# Finds the SDK where sudo's PATH does not look: in the places of its installers.
require_dotnet() {
	local home directory
	home=$(getent passwd "${SUDO_USER:-$(id -un)}" | cut -d: -f6)
	for directory in "${DOTNET_ROOT:-}" /usr/share/dotnet /usr/lib/dotnet "$home/.dotnet"; do
		[[ -x $directory/dotnet ]] && PATH=$PATH:$directory
	done
	command -v dotnet >/dev/null ||
		die "the .NET SDK 10 is not installed; see https://learn.microsoft.com/dotnet/core/install/linux-debian"
	dotnet --list-sdks | grep -q '^10\.' ||
		die "the .NET SDK 10 is needed, and there is only: $(dotnet --list-sdks | cut -d' ' -f1 | paste -sd' ')"
}

# Installs those of the named Debian packages that are missing, and says so first.
install_missing() {
	local package missing=()
	for package in "$@"; do
		dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -q '^installed' ||
			missing+=("$package")
	done
	((${#missing[@]})) || return 0
	say "$0: installing from Debian's packages: ${missing[*]}"
	[[ $(id -u) == 0 ]] ||
		die "installing needs root: run it with sudo, or first: apt-get install ${missing[*]}"
	logged apt-get install -y --no-install-recommends "${missing[@]}" && return 0
	# The lists are missing or out of date.
	logged apt-get update && logged apt-get install -y --no-install-recommends "${missing[@]}" ||
		{ show_log; die "apt-get could not install ${missing[*]}"; }
}

# Lets Debian's packages for another architecture be installed beside this one's, and says so first.
require_architecture() {
	dpkg --print-foreign-architectures | grep -qx "$1" && return 0
	say "$0: adding Debian's architecture $1, whose libraries are linked: dpkg --add-architecture $1"
	[[ $(id -u) == 0 ]] || die "adding it needs root: run it with sudo, or first: dpkg --add-architecture $1 && apt-get update"
	logged dpkg --add-architecture "$1" && logged apt-get update ||
		{ show_log; die "dpkg could not add the architecture $1"; }
}

# Whether out/scry is missing or older than any of its sources.
build_is_stale() {
	[[ -x $root/out/scry ]] || return 0
	[[ -n $(find "$root/src" "$root/Directory.Build.props" "$root/Directory.Packages.props" \
		\( -name bin -o -name obj \) -prune -o -type f -newer "$root/out/scry" -print -quit) ]]
}

# Publishes the NativeAOT binary as out/scry, for this machine.
build_binary() {
	publish scry
}

# The same for arm64, as out/scry-arm64, on whatever machine.
build_arm64_binary() {
	if [[ $(uname -m) == aarch64 ]]; then
		install_missing "${BUILD_PACKAGES[@]}"
	else
		require_architecture arm64
		install_missing "${ARM64_PACKAGES[@]}"
	fi
	publish scry-arm64 -r linux-arm64
}

# Publishes as out/NAME, with more options; what the build prints is shown when it fails.
publish() {
	local name=$1
	say "$0: building out/$name (once; takes a minute or two)"
	mkdir -p "$root/out"
	logged dotnet publish "$root/src/Scry.Cli" -c Release "${@:2}" -o "$root/out/publish-$name" ||
		{ show_log; die "the build failed"; }
	# Under its final name it is always whole: another run may be executing the old one.
	cp "$root/out/publish-$name/scry" "$root/out/$name.new"
	mv "$root/out/$name.new" "$root/out/$name"
}

log=
logged() {
	mkdir -p "$root/out"
	log=$root/out/build.log
	DEBIAN_FRONTEND=noninteractive DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 "$@" >"$log" 2>&1
}

show_log() {
	tail -n 60 "$log" >&2
}
