/* Fails allocations that a library asks for in the first sign-in of the host, from the first of the module's on: the FAIL_NTH of those whose
 * caller lies in the library FAIL_IN, from 1, and with FAIL_TIMES=all every later one of it as well. How many there were is written to
 * FAIL_COUNT. What libpam needs to load the module is not ours to fail: libpam 1.5 and glibc 2.36 crash there. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);

static const char *library;
static long nth, count;
static int all, between, begun;

__attribute__((constructor)) static void begin(void) {
    library = getenv("FAIL_IN");
    const char *text = getenv("FAIL_NTH");
    nth = text ? atol(text) : 0;
    const char *times = getenv("FAIL_TIMES");
    all = times && !strcmp(times, "all");
}

__attribute__((destructor)) static void end(void) {
    const char *path = getenv("FAIL_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;
    between = 0;
    if (!file) return;
    fprintf(file, "%ld\n", count);
    fclose(file);
}

/* The host's marks. glibc 2.36 crashes where memory runs out while it first reads nsswitch.conf (nss_database.c), in any program that looks a
 * user up, so it has read it before. */
int access(const char *path, int mode) {
    (void)mode;
    if (!strcmp(path, "/begin")) getpwnam("root"), between = 1;
    if (!strcmp(path, "/end")) between = 0, nth = 0;
    errno = ENOENT;
    return -1;
}

static int fails(void *caller) {
    Dl_info info;
    if (!between || !library || !dladdr(caller, &info) || !info.dli_fname) return 0;
    if (strstr(info.dli_fname, "libpam_passkey")) begun = 1;
    if (!begun || !strstr(info.dli_fname, library)) return 0;
    count++;
    if (!nth || count < nth || (count > nth && !all)) return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) { return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size); }
void *calloc(size_t number, size_t size) { return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(number, size); }
void *realloc(void *old, size_t size) { return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size); }
void *memalign(size_t alignment, size_t size) { return fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size); }
void *aligned_alloc(size_t alignment, size_t size) { return fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size); }
int posix_memalign(void **made, size_t alignment, size_t size) {
    if (fails(__builtin_return_address(0))) return ENOMEM;
    *made = __libc_memalign(alignment, size);
    return *made ? 0 : ENOMEM;
}
