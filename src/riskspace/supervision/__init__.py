"""What start.sh and supervisord.conf need beside Supervisor itself.

memory     refuses a container with too little of it, before anything starts
ports      refuses a port that is taken, before anything starts
start      asks supervisord to start a program, without waiting
wakeup     makes supervisord act on a signal at once
listener   ends supervisord when a program can't be kept up; what "can't" means is in `verdict`

The standard library alone, since each of these stands between `docker run` and the first answer.
"""
