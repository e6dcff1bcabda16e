#!/bin/sh
# Imports CSV files into the Roster whose settings (DATABASE_URL, SECRET_KEY…) the environment holds, from its folder:
#
#   sh examples/import_csv.sh accounts.csv customers.csv
#
# What the rows are and what the columns mean is found out; rows that cannot come in are kept beside each file.
# Running it again changes nothing. PYTHON names another interpreter.
set -eu
for file in "$@"; do
    "${PYTHON:-.venv/bin/python}" manage.py import_csv "$file" --errors "${file%.csv} errors.csv"
done
