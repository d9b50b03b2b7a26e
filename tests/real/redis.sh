#!/usr/bin/env bash
# redis.sh - Brooklyn's RedisStore in exactly the version that was asked for: on this machine and on one reached by SSH from an
# archive that is fetched, compared and built there; in a container from the image that carries the version, or into a base
# image. A real client asks each of them.
. "$(dirname "$0")/lib.sh"
uses real-redis real-redis-other real-redis-far real-redis-inside
stays=$work/cache # where what was built is kept: nobody's but this run's
far=
if [ "$(id -u)" = 0 ]; then
	. "$root/tests/real/machine.bash"
	far=$(address 1)
fi
afterwards() {
	[ -z "$far" ] || machine_ends 1
	docker rmi redis:3.0.0 >/dev/null 2>&1
}

# A release in redis' own layout, served from this machine.
release() { # VERSION
	mkdir -p "redis-$1/src" served/releases
	cp "$root/tests/support/redis/server.c" "redis-$1/src/server.c"
	# shellcheck disable=SC2016
	printf 'all:\n\tcd src && $(MAKE) $@\n' >"redis-$1/Makefile"
	printf 'all: redis-server\nredis-server: server.c\n\t$(CC) -DVERSION=%s -o $@ server.c\n' "'\"$1\"'" >"redis-$1/src/Makefile"
	tar czf "served/releases/redis-$1.tar.gz" "redis-$1"
	rm -rf "redis-$1"
}
release 3.0.0
release 3.0.1
(cd served && exec python3 -u -m http.server --bind 0.0.0.0 0) >fetched 2>&1 &
children+=($!)
check "an archive is served" until_true 30 grep -q 'port [0-9]' fetched
server=$(sed -n 's/.* port \([0-9]*\).*/\1/p' fetched | head -1)
sum=$(sha256sum <served/releases/redis-3.0.0.tar.gz | cut -c1-64)

blueprint() { # APP LOCATION HOST VERSION SUM
	cat <<-Y
	id: $1
	location: $2
	services:
	- type: org.apache.brooklyn.entity.nosql.redis.RedisStore
	  id: store
	  install.version: $4
	  redis.port: auto
	  brooklyn.config:
	    download.url: "http://$3:$server/releases/redis-\${version}.tar.gz"
	    download.sha256: $5
	    shell.env: {XDG_CACHE_HOME: $stays}
	Y
}
asks() { timeout 30 redis-cli -h "$(address_of "$1" store)" -p "$(port_of "$1" store)" "${@:2}"; }
says() { [ "$(asks "$1" ping)" = PONG ]; }
is() { [ "$(asks "$1" info | sed -n 's/^redis_version:\([0-9.]*\).*/\1/p')" = "$2" ]; } # APP VERSION
times() { same "$1" "$(grep -c "GET /releases/redis-$2.tar.gz" fetched)"; }               # NUMBER VERSION

blueprint real-redis localhost 127.0.0.1 3.0.0 "$sum" >app.yaml
check "the version that was asked for is fetched and built" deploy app.yaml
check "a client is answered" until_true 30 says real-redis
check "by exactly that" is real-redis 3.0.0
check "and all is as wanted" json '.changed == false' deploy app.yaml -o json
sed 's/^id: real-redis$/id: real-redis-other/' app.yaml >other.yaml
check "another one of it" deploy other.yaml
check "answers, too" until_true 30 says real-redis-other
check "from what was built once" times 1 3.0.0
check "goes" destroy real-redis-other

blueprint real-redis localhost 127.0.0.1 3.0.1 "$(sha256sum <served/releases/redis-3.0.1.tar.gz | cut -c1-64)" >app.yaml
check "another version" deploy app.yaml
check "takes its place" until_true 30 is real-redis 3.0.1
blueprint real-redis-other localhost 127.0.0.1 3.0.1 "$sum" >wrong.yaml
deploy wrong.yaml >wrong.said 2>&1
check "an archive of another content is refused" grep -q 'is not what was expected: its SHA-256 is' wrong.said
blueprint real-redis-other localhost 127.0.0.1 9.9.9 "$sum" >none.yaml
deploy none.yaml >none.said 2>&1
check "one that is not there is named" grep -q "releases/redis-9.9.9.tar.gz could not be fetched" none.said
check "nothing runs of it" fails says real-redis-other
check "destroys that" destroy real-redis-other
check "and the other" destroy real-redis

if [ -n "$far" ]; then
	check "a machine comes up" machine 1
	blueprint real-redis-far "{byon: {user: root, privateKeyFile: $work/key, knownHosts: $work/known_hosts, hosts: [$far]}}" "$net.5" 3.0.0 "$sum" >far.yaml
	check "it is fetched and built there" deploy far.yaml
	check "a client is answered from there" until_true 30 says real-redis-far
	check "by exactly that version" is real-redis-far 3.0.0
	check "its folder is on that machine" berth exec real-redis-far store -- sh -c "ls $stays/berth/install/store-*/bin/redis-server"
	check "it goes from there" destroy real-redis-far
else
	echo "ok - redis: on a machine by SSH: skipped, not root"
fi

inside() { # PING or the version, of the one in a container
	local at
	at=$(status real-redis-inside -o json | jq -r '.components[0].instances[0].ports[0]|"-h \(.host_address) -p \(.host_port)"')
	# Two words and their values.
	# shellcheck disable=SC2086
	timeout 30 redis-cli $at "$@"
}
pings() { [ "$(inside ping)" = PONG ]; }
docker tag redis:3 redis:3.0.0
cat >slide.yaml <<'Y'
id: real-redis-inside
location: my-docker-cloud
services:
- type: org.apache.brooklyn.entity.nosql.redis.RedisStore
  id: redis
  install.version: 3.0.0
  publish: [6379]
Y
image() { same "$1" "$(docker inspect -f '{{.Config.Image}}' "$(containers real-redis-inside)")"; }
check "in a container, as the slide has it" deploy slide.yaml
check "it answers a client" until_true 30 pings
check "from the image that carries the version" image redis:3.0.0
sed '$a\  docker.image: "redis:3"' slide.yaml >image.yaml
check "another image" deploy image.yaml
check "answers" until_true 30 pings
check "and is that" image redis:3
sed '$a\  skip.install: false\n  install.version.match: at-least' image.yaml >base.yaml
check "installed into a base image" deploy base.yaml
check "it answers" until_true 30 pings
check "by the steps of a machine" bash -c '"$@" | grep -q "is there already"' - "$BERTH" logs real-redis-inside redis "${to_engine[@]}"
check "goes with the rest" destroy real-redis-inside
