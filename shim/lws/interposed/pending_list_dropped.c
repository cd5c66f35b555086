/* SPDX-License-Identifier: Apache-2.0
 *
 * What: a connection is taken off the list of those with plaintext inside TLS before it is read
 * Seen in: lws v3.2.0 to v4.0.20, lws_service_flag_pending (lws 1920, fixed by 33f8e219e)
 * Caught by: pending_is_serviced
 * Target: lws_loop
 *
 * Restores the historical behaviour in a later lws without touching its source: the linker puts
 * this in front of lws_service_flag_pending. When POLLIN is faked for a connection it is to be
 * serviced, and lws v4.0.0 took it off the list at once, for the read to put it back. Whoever is
 * not read from in that turn was forgotten. */
#include "private-lib-core.h"

int __real_lws_service_flag_pending(struct lws_context *context, int thread);

int __wrap_lws_service_flag_pending(struct lws_context *context, int thread) {
    const int forced = __real_lws_service_flag_pending(context, thread);
    struct lws_context_per_thread *const pt = &context->pt[thread];
    struct lws_dll2 *next = NULL;
    for (struct lws_dll2 *at = pt->tls.dll_pending_tls_owner.head; at != NULL; at = next) {
        const struct lws *const wsi = lws_container_of(at, struct lws, tls.dll_pending_tls);
        const int slot = wsi->position_in_fds_table;
        next = at->next;
        if (slot >= 0 && (pt->fds[slot].revents & LWS_POLLIN) != 0) {
            planted();
            lws_dll2_remove(at);
        }
    }
    return forced;
}
