/* A user database that ignores case, as SSSD and winbind do: the accounts of /etc/passwd and /etc/shadow, whatever the case of the name. */
#define _GNU_SOURCE
#include <errno.h>
#include <nss.h>
#include <pwd.h>
#include <shadow.h>
#include <stdio.h>
#include <strings.h>

enum nss_status _nss_icase_getpwnam_r(const char *name, struct passwd *entry, char *text, size_t len, int *error)
{
    struct passwd *found = NULL;
    FILE *file = fopen("/etc/passwd", "re");
    if (file == NULL) {
        *error = errno;
        return NSS_STATUS_UNAVAIL;
    }
    while (fgetpwent_r(file, entry, text, len, &found) == 0 && strcasecmp(entry->pw_name, name) != 0) {
        found = NULL;
    }
    fclose(file);
    return found != NULL ? NSS_STATUS_SUCCESS : NSS_STATUS_NOTFOUND;
}

enum nss_status _nss_icase_getspnam_r(const char *name, struct spwd *entry, char *text, size_t len, int *error)
{
    struct spwd *found = NULL;
    FILE *file = fopen("/etc/shadow", "re");
    if (file == NULL) {
        *error = errno;
        return NSS_STATUS_UNAVAIL;
    }
    while (fgetspent_r(file, entry, text, len, &found) == 0 && strcasecmp(entry->sp_namp, name) != 0) {
        found = NULL;
    }
    fclose(file);
    return found != NULL ? NSS_STATUS_SUCCESS : NSS_STATUS_NOTFOUND;
}
