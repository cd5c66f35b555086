/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes to stdout a seccomp filter, as bubblewrap's --seccomp reads it, under which whoever starts
 * a child process dies of SIGSYS. Threads are no children: engines have some.
 */
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)
#define IF(value, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, then, otherwise)
#define IF_SET(bits, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, then, otherwise)

/* clone3 hides its flags in memory: without it the C library takes clone. */
#define ENOSYS_ACTION (SECCOMP_RET_ERRNO | 38)

int main(void) {
    const struct sock_filter filter[] = {
        LOAD(nr),
        IF(__NR_clone3, 5, 0),
#ifdef __NR_fork
        IF(__NR_fork, 5, 0),
        IF(__NR_vfork, 4, 0),
#else
        IF(0xffffffff, 5, 0),
        IF(0xffffffff, 4, 0),
#endif
        IF(__NR_clone, 0, 4),
        LOAD(args[0]),
        IF_SET(CLONE_THREAD, 2, 1),
        RETURN(ENOSYS_ACTION),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        RETURN(SECCOMP_RET_ALLOW),
    };
    return fwrite(filter, sizeof filter, 1, stdout) == 1 ? 0 : 1;
}
