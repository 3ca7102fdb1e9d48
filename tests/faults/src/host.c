/* A host of PAM modules: signs in twice, in one process, and writes what came of it to its output in one line.
 *
 * host FOLDER USER PIN CLOSED LIMIT: the service file is FOLDER/faulty; CLOSED are the standard descriptors that are not open, such as 02;
 * LIMIT is RLIMIT_NOFILE, once the host itself has what it needs, or 0. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <syslog.h>
#include <unistd.h>

static const char *pin;

static int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *data) {
    (void)data;
    *responses = calloc(count, sizeof **responses);
    if (!*responses) return PAM_BUF_ERR;
    for (int i = 0; i < count; i++)
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF) (*responses)[i].resp = strdup(pin);
    return PAM_SUCCESS;
}

static int sign_in(const char *folder, const char *user) {
    struct pam_conv conversation = { converse, NULL };
    pam_handle_t *handle = NULL;
    int code = pam_start_confdir("faulty", user, &conversation, folder, &handle);
    if (code == PAM_SUCCESS) code = pam_authenticate(handle, 0);
    access("/end", F_OK);
    if (handle) pam_end(handle, code);
    return code;
}

static int descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 64; fd++) count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static unsigned long blocked(void) {
    sigset_t set;
    unsigned long mask = 0;
    sigprocmask(SIG_BLOCK, NULL, &set);
    for (int signal = 1; signal < 64; signal++) mask |= (unsigned long)(sigismember(&set, signal) == 1) << signal;
    return mask;
}

int main(int argc, char **argv) {
    if (argc != 6) return 2;
    pin = argv[3];
    /* The connection to the log is libc's, which keeps it; the output is needed to the end. */
    syslog(LOG_AUTHPRIV | LOG_DEBUG, "%s", "begin");
    int output = fcntl(1, F_DUPFD_CLOEXEC, 32);
    for (const char *closed = argv[4]; *closed; closed++) close(*closed - '0');
    int before = descriptors();
    struct rlimit limit = { atoi(argv[5]), 1024 };
    if (limit.rlim_cur) setrlimit(RLIMIT_NOFILE, &limit);
    unsigned long mask = blocked();

    access("/begin", F_OK);
    int first = sign_in(argv[1], argv[2]);

    int after = descriptors();
    int same = blocked() == mask;
    int second = sign_in(argv[1], argv[2]);
    dprintf(output, "%d %d %d %d\n", first, second, after - before, same);
    return 0;
}
