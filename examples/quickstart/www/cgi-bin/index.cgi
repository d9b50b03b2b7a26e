#!/bin/sh
# The page: counts a visit in redis, found by the variables of the link, and says so.
redis=${REDIS_PORT#tcp://}
visits=$(printf 'INCR visits\r\nQUIT\r\n' | busybox nc -w 3 "${redis%:*}" "${redis##*:}" | sed -n '1s/^:\([0-9]*\).*/\1/p')
if [ -z "$visits" ]; then
	printf 'Status: 503 Service Unavailable\r\nContent-Type: text/plain\r\n\r\nno answer from redis at %s\n' "$redis"
	exit 0
fi
printf 'Content-Type: text/html; charset=utf-8\r\n\r\n'
printf '<!doctype html><title>berth</title><p>Visit %s, counted by the redis at %s.</p>\n' "$visits" "$redis"
