#!/bin/sh
# Installs what deploy/needs.txt and deploy/assets.lock name and this machine lacks. Run by `make setup`, from anywhere.
# With everything in place it reads only: no network, no root. Safe to repeat, to break off, and to run twice at once.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# present KIND:WHAT — is it on this machine?
present() {
	case $1 in
	command:*) command -v "${1#command:}" >/dev/null 2>&1 ;;
	pkgconfig:*) pkg-config --exists "${1#pkgconfig:}" 2>/dev/null ;;
	file:*) # shellcheck disable=SC2086 # the pattern is meant to be expanded
		ls ${1#file:} >/dev/null 2>&1 ;;
	*) die "deploy/needs.txt: unknown probe $1" ;;
	esac
}

# missing — the Debian packages whose probes fail, on one line
missing() {
	while read -r name _ probe _ package; do
		case $name/$package in '#'* | /* | */-) continue ;; esac
		present "$probe" || printf '%s ' "$package"
	done <deploy/needs.txt
}

# progress — apt's status lines (NAME:…:PERCENT:TEXT), cut down to one each 20 percent
progress() {
	awk -F: '
		/^apt failed$/ { failed = 1 }
		/^(dl|pm)status:/ {
			phase = /^dl/ ? "downloading" : "installing"
			step = int($3 / 20) * 20
			if (phase != was || step > shown) { printf "        %s %d%%\n", phase, step; fflush(); was = phase; shown = step }
		}
		END { exit failed }'
}

# The servers are for tests, which start their own on ports and folders of their own: nothing is started or enabled,
# and no database cluster is made. What was there before stays as it was.
quiet_servers() {
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		cleanup="$as_root rm -f /usr/sbin/policy-rc.d"
		printf '#!/bin/sh\nexit 101\n' | $as_root tee /usr/sbin/policy-rc.d >/dev/null
		$as_root chmod 755 /usr/sbin/policy-rc.d
	fi
	case " $1 " in *' postgresql '*)
		if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
			$as_root mkdir -p /etc/postgresql-common
			printf '# Put here by the set-up of realname, whose tests make clusters of their own.\ncreate_main_cluster = false\n' |
				$as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
		fi ;;
	esac
}

disable_servers() {
	command -v systemctl >/dev/null 2>&1 || return 0
	for service in $1; do
		case $service in postgresql | redis-server) $as_root systemctl disable "$service" >/dev/null 2>&1 || : ;; esac
	done
}

install_packages() {
	command -v apt-get >/dev/null 2>&1 ||
		die "this machine has no apt-get; install by hand what Debian calls: $1"
	as_root=
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null 2>&1 || die "run this as root: apt-get install --no-install-recommends $1"
		as_root=sudo
	fi
	log=$(mktemp)
	cleanup=:
	trap 'eval "$cleanup"; rm -f "$log"' EXIT
	trap 'exit 130' INT TERM
	quiet_servers "$1"
	# Another apt may be at work: wait for it up to ten minutes.
	# The status lines need a descriptor of their own (apt makes it non-blocking, which breaks what a package's script
	# writes to it), and one that is opened behind sudo, which closes all but the first three.
	apt="$as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 sh -c"
	say "  reading the package lists"
	$apt 'apt-get -q update' >"$log" 2>&1 </dev/null || say "        not all could be read; going on with those that are here"
	{ $apt "apt-get -y -q install --no-install-recommends -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 \
		-o APT::Status-Fd=3 $1 3>&1 >&2" 2>"$log" </dev/null || echo "apt failed"; } | progress || {
		grep -B 3 -A 3 -E '^(E:|W:|dpkg: error)' "$log" | head -n 40 >&2
		die "apt-get install failed"
	}
	disable_servers "$1"
	eval "$cleanup"
	cleanup=:
	left=$(missing)
	[ -z "$left" ] || die "installed, but still not found: $left(see deploy/needs.txt)"
}

command -v go >/dev/null 2>&1 || die "Go is missing: install Go 1.26 or newer and put it on the PATH"

wanted=$(missing)
if [ -n "$wanted" ]; then
	mkdir -p .setup
	exec 9>.setup/lock
	flock -n 9 || { say "another set-up is installing; waiting for it"; flock 9; wanted=$(missing); }
fi
if [ -n "$wanted" ]; then
	say "[1/2] distribution packages: $wanted"
	install_packages "$wanted"
else
	say "[1/2] distribution packages: all present"
fi
say "[2/2] pinned files (deploy/assets.lock)"
go run ./deploy/fetch
