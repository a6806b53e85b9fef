/* A disk that keeps only what was synced, and that can be told to fail; preloaded into a process.
 *
 * LOSSY_DIR     the directory whose files lie on this disk
 * LOSSY_SHADOW  what a power cut would leave of them: at every sync of a file, its present content
 *               replaces the copy here before the sync returns, and at every sync of LOSSY_DIR
 *               itself, copies of files that were deleted go too. To cut the power, kill the
 *               process and look only at this directory.
 * LOSSY_CONTROL while a file of this name exists here, something fails:
 *                 sync-fails   every sync: the disk is broken
 *                 sync-hangs   every sync: it says so on standard output and never returns
 *                 disk-full    every write: there is no space left
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Copies are made one after the other, so that an older one never replaces a newer one. */
static pthread_mutex_t copying = PTHREAD_MUTEX_INITIALIZER;

/* The path of an open file or directory, if it is one of that type; NULL otherwise. */
static const char *path_of(int fd, mode_t type, char path[PATH_MAX]) {
    char link[64];
    struct stat about;
    if (fstat(fd, &about) != 0 || (about.st_mode & S_IFMT) != type) return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return NULL;
    path[length] = 0;
    return path;
}

/* The name of a regular file in LOSSY_DIR; NULL for all others. */
static const char *name_on_disk(int fd, char path[PATH_MAX]) {
    const char *dir = getenv("LOSSY_DIR");
    if (!dir || !path_of(fd, S_IFREG, path)) return NULL;
    size_t prefix = strlen(dir);
    if (strncmp(path, dir, prefix) != 0 || path[prefix] != '/') return NULL;
    return path + prefix + 1;
}

static int is_disk(int fd) {
    const char *dir = getenv("LOSSY_DIR");
    char path[PATH_MAX];
    return dir && path_of(fd, S_IFDIR, path) && strcmp(path, dir) == 0;
}

static int is_told_to(const char *failure) {
    const char *control = getenv("LOSSY_CONTROL");
    char path[PATH_MAX];
    if (!control) return 0;
    snprintf(path, sizeof path, "%s/%s", control, failure);
    return access(path, F_OK) == 0;
}

static int copy(int fd, const char *name) {
    const char *shadow = getenv("LOSSY_SHADOW");
    char to[PATH_MAX], temporary[PATH_MAX], buffer[1 << 16];
    snprintf(to, sizeof to, "%s/%s", shadow, name);
    snprintf(temporary, sizeof temporary, "%s/%s.copying", shadow, name);
    int out = open(temporary, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    if (out < 0) return -1;
    off_t at = 0;
    ssize_t count;
    /* The descriptor itself is read: opening and closing another would drop the file's locks. */
    while ((count = pread(fd, buffer, sizeof buffer, at)) > 0) {
        if (syscall(SYS_write, out, buffer, (size_t)count) != count) count = -1;
        if (count < 0) break;
        at += count;
    }
    close(out);
    return count < 0 ? -1 : rename(temporary, to);
}

/* Copies of files that are no longer there go. */
static void forget_deleted(void) {
    const char *dir = getenv("LOSSY_DIR"), *shadow = getenv("LOSSY_SHADOW");
    DIR *copies = opendir(shadow);
    struct dirent *entry;
    while (copies && (entry = readdir(copies))) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (entry->d_name[0] == '.' || access(path, F_OK) == 0) continue;
        snprintf(path, sizeof path, "%s/%s", shadow, entry->d_name);
        unlink(path);
    }
    if (copies) closedir(copies);
}

static int sync_file(int fd) {
    char path[PATH_MAX];
    const char *name = name_on_disk(fd, path);
    int result = 0;
    if (name && is_told_to("sync-fails")) {
        errno = EIO;
        return -1;
    }
    if (name && is_told_to("sync-hangs")) {
        static const char line[] = "child hangs\n";
        syscall(SYS_write, 1, line, sizeof line - 1);
        for (;;) pause();
    }
    pthread_mutex_lock(&copying);
    if (name) result = copy(fd, name);
    else if (is_disk(fd)) forget_deleted();
    pthread_mutex_unlock(&copying);
    return result;
}

int fsync(int fd) { return sync_file(fd); }

int fdatasync(int fd) { return sync_file(fd); }

static int has_room(int fd) {
    char path[PATH_MAX];
    if (!is_told_to("disk-full") || !name_on_disk(fd, path)) return 1;
    errno = ENOSPC;
    return 0;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    return has_room(fd) ? syscall(SYS_write, fd, bytes, count) : -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return has_room(fd) ? syscall(SYS_pwrite64, fd, bytes, count, at) : -1;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    return has_room(fd) ? syscall(SYS_pwrite64, fd, bytes, count, at) : -1;
}
