@rem npm on Windows runs its scripts by cmd, which has no exec of its own; cmd finds this file in the current folder.
@%*
