"""Cuts a file system off as a power loss would: what was not synced is gone.

Usage: shutdown.py MOUNT_POINT. The request is EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN alike, with
the flag that forbids flushing the file system's own log. Python, because our Rust forbids unsafe code.
"""

import fcntl
import os
import struct
import sys

GOING_DOWN = 0x8004587D
WITHOUT_LOG_FLUSH = 2

directory = os.open(sys.argv[1], os.O_RDONLY)
fcntl.ioctl(directory, GOING_DOWN, struct.pack("I", WITHOUT_LOG_FLUSH))
