"""Why the system refused to write, in words, and what helps."""

from __future__ import annotations

import errno

_FULL = "the disk is full", "free some space, or choose a place on another disk"
_QUOTA = "your quota is used up", "free some space, or choose a place on another disk"
_LARGE = (
    "the file would be larger than this process or file system allows",
    "raise the limit (ulimit -f), or choose another place",
)
_READ_ONLY = "the file system is read-only", "choose a place that can be written"
_RIGHTS = "permission denied", "choose a place that you may write, or change its permissions"
_LONG = "the name is too long", "choose a shorter one"
_NO_FOLDER = "a part of the path is no folder", "choose another path"
_FOLDER = "there is a folder of that name", "choose another name"
_MISSING = "a folder of the path, or what a link points to, does not exist", "create it, or choose another path"
_MOUNTED = "it is mounted by itself, so that it cannot be replaced", "choose another name"

_REASONS = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _QUOTA,
    errno.EFBIG: _LARGE,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.ENAMETOOLONG: _LONG,
    errno.ENOTDIR: _NO_FOLDER,
    errno.EEXIST: _NO_FOLDER,
    errno.EISDIR: _FOLDER,
    errno.ENOENT: _MISSING,
    errno.EBUSY: _MOUNTED,
    errno.ELOOP: ("it is a link, or its links go round in a circle", "remove the link"),
}


def reason(error: OSError | ValueError) -> str:
    """Why ``error`` happened and what to do about it, for the end of a message."""
    known = _REASONS.get(error.errno or 0) if isinstance(error, OSError) else None
    if known is None:
        text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        known = text, "choose another path"
    return "; ".join(known)
