/*
 * A machine whose power may fail: preloaded into a browser, it keeps a second copy of every file below LIVE, as it was
 * when its program last asked for it to be written to disk. What was written since is what a power failure takes.
 * Names (rename, unlink) are taken to be durable at once and in order, as a journalling file system has them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *live(void) { return getenv("STRANDLINE_LIVE"); }
static const char *copies(void) { return getenv("STRANDLINE_SYNCED"); }

/* 1: the path is below LIVE, and `out` is where its copy is kept. */
static int copy_of(const char *path, char *out) {
  const char *root = live();
  if (root == NULL || copies() == NULL || strncmp(path, root, strlen(root)) != 0) return 0;
  return snprintf(out, PATH_MAX, "%s%s", copies(), path + strlen(root)) < PATH_MAX;
}

static void make_folders(char *path) {
  for (char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
    *at = 0;
    mkdir(path, 0700);
    *at = '/';
  }
}

/* The copy is whole or is the one before: the process may be killed at any time. */
static void keep(int fd) {
  char link[64], path[PATH_MAX], copy[PATH_MAX], part[PATH_MAX + 32];
  static __thread char block[65536];
  struct stat about;
  if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) return;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return;
  path[length] = 0;
  if (!copy_of(path, copy)) return;
  make_folders(copy);
  snprintf(part, sizeof part, "%s.part-%d", copy, (int)gettid());
  int from = open(path, O_RDONLY | O_CLOEXEC), to = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  int whole = from >= 0 && to >= 0;
  for (ssize_t n; whole && (n = read(from, block, sizeof block)) != 0;)
    whole = n > 0 && write(to, block, (size_t)n) == n;
  if (from >= 0) close(from);
  if (to >= 0) close(to);
  int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
  if (whole) real(part, copy);
  else unlinkat(AT_FDCWD, part, 0);
}

int fsync(int fd) {
  int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
  int answer = real(fd), error = errno;
  if (answer == 0) keep(fd);
  errno = error;
  return answer;
}

int fdatasync(int fd) {
  int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
  int answer = real(fd), error = errno;
  if (answer == 0) keep(fd);
  errno = error;
  return answer;
}

int rename(const char *from, const char *to) {
  int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
  char copy_from[PATH_MAX], copy_to[PATH_MAX];
  int answer = real(from, to), error = errno;
  if (answer == 0 && copy_of(to, copy_to)) {
    if (!copy_of(from, copy_from) || real(copy_from, copy_to) != 0) unlinkat(AT_FDCWD, copy_to, 0);
  }
  errno = error;
  return answer;
}

int unlink(const char *path) {
  int (*real)(const char *) = dlsym(RTLD_NEXT, "unlink");
  char copy[PATH_MAX];
  int answer = real(path), error = errno;
  if (answer == 0 && copy_of(path, copy)) real(copy);
  errno = error;
  return answer;
}
