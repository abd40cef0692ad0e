/* Ends a process at a drawn write call, or fills its disk there.
 *
 * Preloaded before libc (LD_PRELOAD). Counts every call that changes a file whose path contains CRASH_FILES: writes, truncations, syncs,
 * removals. At call number CRASH_AT it raises SIGKILL before, in the middle of, or after that call, so that moments can be drawn over what
 * reaches the file instead of over time. Knows file names and numbers; knows nothing of SQLite.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { BEFORE = 0, HALF = 1, AFTER = 2, FULL = 3 };

static const char *files;
static long calls, at, how;

long crash_calls(void) { return calls; }

void crash_arm(long at_call, long how_to) {
    calls = 0;
    at = at_call;
    how = how_to;
}

__attribute__((constructor)) static void begin(void) {
    files = getenv("CRASH_FILES");
    if (getenv("CRASH_AT")) crash_arm(atol(getenv("CRASH_AT")), getenv("CRASH_HOW") ? atol(getenv("CRASH_HOW")) : BEFORE);
}

static int ours(int fd) {
    char link[32], path[PATH_MAX];
    if (!files) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return strstr(path, files) != NULL;
}

static void die(void) { kill(getpid(), SIGKILL); }

/* Counts a call on one of ours. 1 when this is the one at which to die. */
static int now(void) {
    calls++;
    if (calls != at || how == FULL) return 0;
    if (how == BEFORE) die();
    return 1;
}

/* A full disk still takes what lies within a file; only growth fails. */
static int full(int fd, off_t end) {
    struct stat found;
    return at > 0 && how == FULL && calls >= at && fstat(fd, &found) == 0 && S_ISREG(found.st_mode) && end > found.st_size;
}

#define REAL(name) __typeof__(name) *real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *data, size_t size) {
    REAL(write);
    if (!ours(fd)) return real(fd, data, size);
    int last = now();
    if (full(fd, lseek(fd, 0, SEEK_CUR) + (off_t)size)) return errno = ENOSPC, -1;
    ssize_t done = real(fd, data, last && how == HALF ? size / 2 : size);
    if (last) die();
    return done;
}

#define POSITIONED(name, offset_t)                                                                  \
    ssize_t name(int fd, const void *data, size_t size, offset_t offset) {                          \
        REAL(name);                                                                                 \
        if (!ours(fd)) return real(fd, data, size, offset);                                         \
        int last = now();                                                                           \
        if (full(fd, (off_t)(offset + (offset_t)size))) return errno = ENOSPC, -1;                  \
        ssize_t done = real(fd, data, last && how == HALF ? size / 2 : size, offset);               \
        if (last) die();                                                                            \
        return done;                                                                                \
    }
POSITIONED(pwrite, off_t)
POSITIONED(pwrite64, off64_t)

#define ON_FD(name, arguments, given)                                                               \
    int name arguments {                                                                            \
        REAL(name);                                                                                 \
        int last = ours(fd) && now();                                                               \
        int done = real given;                                                                      \
        if (last) die();                                                                            \
        return done;                                                                                \
    }
ON_FD(ftruncate, (int fd, off_t size), (fd, size))
ON_FD(ftruncate64, (int fd, off64_t size), (fd, size))

/* Counted, and not waited for: what a killed process has written, the kernel keeps. Only a power cut would ask for more. */
#define SYNC(name)                                                                                  \
    int name(int fd) {                                                                              \
        REAL(name);                                                                                 \
        if (!ours(fd)) return real(fd);                                                             \
        if (now()) die();                                                                           \
        return 0;                                                                                   \
    }
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path) {
    REAL(unlink);
    int last = files && strstr(path, files) && now();
    int done = real(path);
    if (last) die();
    return done;
}
