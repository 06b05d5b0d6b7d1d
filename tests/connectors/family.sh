#!/bin/sh
# Starts children that try to get away: in the group, in a session of their own, and with a parent
# that has ended. Prints their numbers and its own.
sleep 1000 &
echo $!
setsid sleep 1001 &
echo $!
(setsid sh -c 'echo $$; trap "" TERM; sleep 1002 & echo $!; wait')&
echo $$
[ "$1" = end ] && sleep 0.2 && exit 0
wait
