#!/bin/sh
# setup.sh gets what the tests need on Debian 12: a RabbitMQ, an ActiveMQ, an Artemis, a Chromium, and the npm packages of
# clients/.
#
# "setup.sh bench" gets the benchmark's rivals, too; "setup.sh old" gets HornetQ and Apollo, which are no longer made.
#
# It takes nothing that is there already, starts no service, and is quick when there is nothing to do. What it cannot
# get it names on stderr; with CI=true that is exit status 1, otherwise the tests that need it skip and say so.
set -u

purpose=${1:-test}
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
missing=

lack() { # lack <what> <why>
	missing="$missing $1"
	printf 'SETUP: MISSING %s: %s\n' "$1" "$2" >&2
}

policy=/usr/sbin/policy-rc.d
# Debian starts a service on install unless policy-rc.d says no (101); the tests start brokers of their own.
forbid_services() {
	[ -e "$policy" ] && mv "$policy" "$policy.stompgw-saved"
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
	trap allow_services EXIT
	trap 'exit 130' INT TERM HUP
}
allow_services() {
	rm -f "$policy"
	[ -e "$policy.stompgw-saved" ] && mv "$policy.stompgw-saved" "$policy"
	trap - EXIT
	return 0
}

install_packages() {
	wanted=
	[ -e /usr/lib/rabbitmq/bin/rabbitmq-server ] || wanted="$wanted rabbitmq-server"
	[ -e /usr/share/activemq/bin/activemq.jar ] || wanted="$wanted activemq"
	[ -e /usr/bin/chromium ] || wanted="$wanted chromium"
	command -v mvn >/dev/null 2>&1 || wanted="$wanted maven"
	[ -e /usr/sbin/haproxy ] || wanted="$wanted haproxy"
	[ -e /usr/sbin/nginx ] || wanted="$wanted nginx-light"
	command -v node >/dev/null 2>&1 || wanted="$wanted nodejs"
	command -v npm >/dev/null 2>&1 || wanted="$wanted npm"
	command -v systemd-analyze >/dev/null 2>&1 || wanted="$wanted systemd" # judges the example of a unit
	if [ "$purpose" = bench ]; then
		[ -e /usr/bin/websockify ] || wanted="$wanted websockify"
	fi
	command -v cc >/dev/null 2>&1 || wanted="$wanted gcc libc6-dev" # the race detector links with it
	[ -z "$wanted" ] && return 0
	if ! command -v apt-get >/dev/null 2>&1; then
		for p in $wanted; do lack "$p" "there is no apt-get on this system; install it by hand"; done
		return 0
	fi
	if [ "$(id -u)" != 0 ]; then
		for p in $wanted; do lack "$p" "installing needs root: sudo apt-get install --no-install-recommends $p"; done
		return 0
	fi
	# A run that was killed may have left its policy in place of the machine's own.
	[ -e "$policy.stompgw-saved" ] && mv "$policy.stompgw-saved" "$policy"
	forbid_services
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq update >&2 || printf 'SETUP: apt-get update failed; trying with the lists as they are\n' >&2
	# One by one, so that one that cannot be had does not take the others with it.
	for p in $wanted; do
		printf 'SETUP: installing %s\n' "$p" >&2
		apt-get -qq -y --no-install-recommends install "$p" </dev/null >&2 || lack "$p" "apt-get install $p failed"
	done
	allow_services
}

install_clients() {
	command -v npm >/dev/null 2>&1 || { lack "npm packages of test/clients" "there is no npm"; return 0; }
	stamp="$here/clients/node_modules/.stompgw-lock"
	now=$(sha256sum "$here/clients/package-lock.json" | cut -d' ' -f1)
	[ -e "$stamp" ] && [ "$(cat "$stamp")" = "$now" ] && return 0
	printf 'SETUP: npm ci in test/clients\n' >&2
	if (cd "$here/clients" && npm ci --no-fund --no-audit --ignore-scripts --loglevel=error) >&2; then
		printf '%s\n' "$now" >"$stamp"
	else
		lack "npm packages of test/clients" "npm ci failed"
	fi
}

# sockjs-client 0.3.4 is older than its npm packages; a Maven artifact has it.
install_old_sockjs() {
	file="$here/clients/sockjs/old/sockjs-0.3.4.min.js"
	sum=b4b6d898c081feaaf31175668b7a4837cf08ee6480fce388cbb93fc710646d07
	[ -e "$file" ] && echo "$sum  $file" | sha256sum -c --status && return 0
	command -v mvn >/dev/null 2>&1 || { lack "sockjs-client 0.3.4" "there is no mvn to fetch org.webjars:sockjs-client:0.3.4"; return 0; }
	printf 'SETUP: fetching sockjs-client 0.3.4\n' >&2
	dir=$(mktemp -d)
	if (cd "$dir" && mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:unpack -Dartifact=org.webjars:sockjs-client:0.3.4 \
		-DoutputDirectory="$dir") >&2 && mkdir -p "$(dirname "$file")" &&
		cp "$dir/META-INF/resources/webjars/sockjs-client/0.3.4/sockjs.min.js" "$file" &&
		echo "$sum  $file" | sha256sum -c --status; then :; else
		rm -f "$file"
		lack "sockjs-client 0.3.4" "mvn did not give the file that is expected"
	fi
	rm -rf "$dir"
}

# Debian has no Artemis; Maven has its distribution.
install_artemis() {
	version=2.40.0
	home="$here/brokers/artemis"
	[ -e "$home/apache-artemis-$version/lib/artemis-boot.jar" ] && return 0
	command -v mvn >/dev/null 2>&1 || { lack Artemis "there is no mvn to fetch org.apache.activemq:apache-artemis:$version"; return 0; }
	printf 'SETUP: fetching Artemis %s\n' "$version" >&2
	# Moved into place when it is whole: a run may be killed.
	dir=$(mktemp -d "$here/brokers/.artemis-XXXXXX")
	if (cd "$dir" && mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:unpack \
		-Dartifact=org.apache.activemq:apache-artemis:$version:zip:bin -DoutputDirectory="$dir/new") >&2; then
		rm -rf "$home" && mv "$dir/new" "$home" || lack Artemis "it could not be moved to $home"
	else
		lack Artemis "mvn did not give org.apache.activemq:apache-artemis:$version:zip:bin"
	fi
	rm -rf "$dir"
}

# HornetQ and Apollo have no distribution to fetch: their parts come from Maven, and brokers/old has a main class for each.
install_old_broker() { # install_old_broker <name> <its class>
	home="$here/brokers/old/$1"
	[ -e "$home/$2.class" ] && [ "$home/$2.class" -nt "$here/brokers/old/$2.java" ] && return 0
	for tool in mvn javac; do
		command -v "$tool" >/dev/null 2>&1 || { lack "$2" "there is no $tool"; return 0; }
	done
	printf 'SETUP: fetching %s\n' "$2" >&2
	dir=$(mktemp -d "$here/brokers/old/.new-XXXXXX")
	if (cd "$dir" && mvn -q -B -f "$here/brokers/old/$1.xml" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
		-DincludeScope=runtime -DoutputDirectory="$dir/lib") >&2 &&
		javac -nowarn -proc:none -cp "$dir/lib/*" -d "$dir" "$here/brokers/old/$2.java"; then
		rm -rf "$home" && mv "$dir" "$home" || lack "$2" "it could not be moved to $home"
	else
		lack "$2" "mvn did not give the parts of brokers/old/$1.xml"
	fi
	rm -rf "$dir"
}

install_packages
install_clients
install_old_sockjs
install_artemis
if [ "$purpose" = old ]; then
	install_old_broker hornetq HornetQ
	install_old_broker apollo Apollo
fi

if [ -n "$missing" ]; then
	if [ "${CI:-}" = true ]; then
		printf 'SETUP: FAILED, missing:%s (an error because CI=true)\n' "$missing" >&2
		exit 1
	fi
	printf 'SETUP: INCOMPLETE, missing:%s; the tests that need it will be SKIPPED\n' "$missing" >&2
fi
exit 0
