#!/bin/sh
# Never answers anything.
sleep 600
