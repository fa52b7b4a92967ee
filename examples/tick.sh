#!/bin/bash
# The shell script of examples/ecosystem.json: says that it is alive.
trap 'echo "asked to stop"; exit 0' INT

while true; do
  printf 'tick %(%T)T\n'
  sleep "${TICK_SECONDS:-1}" & wait $!
done
