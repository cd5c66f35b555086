/* SPDX-License-Identifier: Apache-2.0
 *
 * The I/O calls: handshake, read, write, shutdown.
 *
 * Each asks mbedTLS at most once after a WANT, hands it its caller's own buffer and length, and
 * ends in end_call(), which alone says what became of it. */
#include "internal.h"

#include <string.h>

/* What mbedTLS keeps to itself in 3.x. */
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#define UNSENT_BYTES MBEDTLS_PRIVATE(out_left)
#else
#define UNSENT_BYTES out_left
#endif

/* How many session tickets one call takes in before it returns to its caller, so that a peer that
 * sends nothing else cannot keep it. A record holds at most 910 (2^14 bytes, of which the shortest
 * NewSessionTicket takes 18), so an honest peer's are taken in at once. */
static const int tickets_max = 1024;

/* Ends an I/O call: records its outcome, which SSL_get_error will report, and draws the
 * consequence. Returns `returned`. */
static int end_call(SSL *ssl, enum outcome outcome, int returned) {
    ssl->last = outcome;
    switch (outcome) {
    case outcome_done:
    case outcome_want_read:
    case outcome_want_write:
    case outcome_ask_again:
    case outcome_refused:
        break;
    case outcome_peer_closed:
        ssl->shutdown |= SSL_RECEIVED_SHUTDOWN;
        break;
    case outcome_end_of_stream:
        ssl->phase = phase_ended;
        break;
    case outcome_transport_failed:
    case outcome_protocol_failed:
        ssl->phase = phase_failed;
        break;
    }
    return returned;
}

/* Ends a call that its caller may not make. */
static int refuse(SSL *ssl) {
    return ssl == NULL ? -1 : end_call(ssl, outcome_refused, -1);
}

/* Ends a call for which mbedTLS answered a `code` that is no success. Only SSL_read can be told
 * that the peer has closed; to any other call it is a failure like others. */
static int end_unsuccessful(SSL *ssl, int code) {
    const enum outcome outcome = shim_outcome(code);
    return end_call(ssl, outcome == outcome_peer_closed ? outcome_protocol_failed : outcome, -1);
}

/* Whether mbedTLS answered with no more than a ticket and is to be asked again. */
static bool is_ticket(int code, int *tickets) {
    return shim_outcome(code) == outcome_ask_again && ++*tickets < tickets_max;
}

/* Bytes of the last record made that the socket has not taken. mbedTLS has no function to ask. */
static size_t unsent_bytes(const SSL *ssl) {
    return ssl->tls.UNSENT_BYTES;
}

/* To be called after mbedTLS was asked to read or write, with what was unsent before. A record that
 * was outstanding may have gone out on the way to something else: sending an alert of its own, or
 * taking in a ticket, mbedTLS first sends what is unsent. It has forgotten then whose that was. */
static void notice_flush(SSL *ssl, size_t unsent_before) {
    if (unsent_before != 0 && unsent_bytes(ssl) == 0) {
        ssl->outstanding_was_sent = true;
    }
}

/* Sends the rest of a record that no call is waiting for: an alert that mbedtls_ssl_read() sent of
 * its own accord, as it does to refuse a renegotiation, into a full socket. If it were left alone,
 * the next mbedtls_ssl_write() would take it for its own record, send it and report its caller's
 * bytes as sent, which then never go out. A write of no bytes sends it and, as long as there is
 * something unsent, makes no record of its own. Returns mbedTLS's code. */
static int send_leftover(SSL *ssl, const unsigned char *buffer) {
    if (unsent_bytes(ssl) == 0 || ssl->write_length != 0 || ssl->alert_begun) {
        return 0;
    }
    return mbedtls_ssl_write(&ssl->tls, buffer, 0);
}

static int handshake(SSL *ssl) {
    if (ssl->phase == phase_ended || ssl->phase == phase_failed) {
        return refuse(ssl);
    }
    if (ssl->phase == phase_established) {
        return end_call(ssl, outcome_done, 1);
    }
    if (!ssl->handshake_begun && !shim_begin_handshake(ssl)) {
        return end_call(ssl, outcome_protocol_failed, -1);
    }

    int code;
    int tickets = 0;
    do {
        code = mbedtls_ssl_handshake(&ssl->tls);
    } while (is_ticket(code, &tickets));
    if (code != 0) {
        return end_unsuccessful(ssl, code);
    }
    if (!shim_peer_is_acceptable(ssl)) {
        /* The connection fails whether or not the peer can be told why. */
        (void)mbedtls_ssl_send_alert_message(&ssl->tls, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                             MBEDTLS_SSL_ALERT_MSG_BAD_CERT);
        return end_call(ssl, outcome_protocol_failed, -1);
    }
    ssl->phase = phase_established;
    return end_call(ssl, outcome_done, 1);
}

int SSL_do_handshake(SSL *ssl) {
    return ssl == NULL ? -1 : handshake(ssl);
}

int SSL_connect(SSL *ssl) {
    if (ssl == NULL || ssl->first_ctx->endpoint != MBEDTLS_SSL_IS_CLIENT) {
        return refuse(ssl);
    }
    return handshake(ssl);
}

int SSL_accept(SSL *ssl) {
    if (ssl == NULL || ssl->first_ctx->endpoint != MBEDTLS_SSL_IS_SERVER) {
        return refuse(ssl);
    }
    return handshake(ssl);
}

int SSL_read(SSL *ssl, void *buffer, int length) {
    if (ssl == NULL || buffer == NULL || length <= 0 || ssl->phase == phase_handshake ||
        ssl->phase == phase_failed) {
        return refuse(ssl);
    }
    if (ssl->phase == phase_ended) {
        return end_call(ssl, outcome_end_of_stream, 0);
    }
    if ((ssl->shutdown & SSL_RECEIVED_SHUTDOWN) != 0) {
        return end_call(ssl, outcome_peer_closed, 0);
    }
    int code = send_leftover(ssl, buffer);
    if (code < 0) {
        return end_unsuccessful(ssl, code);
    }

    const size_t unsent_before = unsent_bytes(ssl);
    int tickets = 0;
    do {
        code = mbedtls_ssl_read(&ssl->tls, buffer, (size_t)length);
    } while (is_ticket(code, &tickets));
    notice_flush(ssl, unsent_before);

    if (code > 0) {
        return end_call(ssl, outcome_done, code);
    }
    if (code == 0) {
        return end_call(ssl, outcome_end_of_stream, 0);
    }
    if (shim_outcome(code) == outcome_peer_closed) {
        return end_call(ssl, outcome_peer_closed, 0);
    }
    return end_unsuccessful(ssl, code);
}

/* FNV-1a, by words of eight bytes and then by bytes. Tells an honest caller's mistake, not an
 * adversary's forgery: the caller is the one who would be harmed. */
static uint32_t digest(const unsigned char *bytes, int length) {
    const uint64_t prime = 1099511628211u;
    uint64_t hash = 14695981039346656037u;
    int i = 0;
    for (; length - i >= (int)sizeof(uint64_t); i += (int)sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof word);
        hash = (hash ^ word) * prime;
        hash ^= hash >> 32; /* a product's low bits do not depend on its factors' high bits */
    }
    for (; i < length; ++i) {
        hash = (hash ^ bytes[i]) * prime;
    }
    return (uint32_t)(hash >> 32); /* all bits have a part in these, and not in the others */
}

static bool repeats_outstanding_write(const SSL *ssl, const unsigned char *buffer, int length) {
    return length == ssl->write_length && digest(buffer, length) == ssl->write_digest;
}

static int end_write(SSL *ssl, int taken) {
    ssl->write_length = 0;
    ssl->outstanding_was_sent = false;
    return end_call(ssl, outcome_done, taken);
}

/* Ends a repeated write whose record has gone out already. Asked again, mbedTLS would make another
 * record of the same bytes. */
static int end_flushed_write(SSL *ssl, int length) {
    const int record_max = mbedtls_ssl_get_max_out_record_payload(&ssl->tls);
    if (record_max <= 0) {
        return end_call(ssl, outcome_protocol_failed, -1);
    }
    return end_write(ssl, length < record_max ? length : record_max);
}

int SSL_write(SSL *ssl, const void *buffer, int length) {
    if (ssl == NULL || buffer == NULL || length <= 0 || ssl->phase != phase_established ||
        ssl->closing) {
        return refuse(ssl);
    }
    const bool is_outstanding = ssl->write_length != 0;
    if (is_outstanding && !repeats_outstanding_write(ssl, buffer, length)) {
        return refuse(ssl);
    }
    if (is_outstanding && ssl->outstanding_was_sent) {
        return end_flushed_write(ssl, length);
    }
    int code = send_leftover(ssl, buffer);
    if (code < 0) {
        return end_unsuccessful(ssl, code);
    }

    int tickets = 0;
    do {
        const size_t unsent_before = unsent_bytes(ssl);
        code = mbedtls_ssl_write(&ssl->tls, buffer, (size_t)length);
        notice_flush(ssl, unsent_before);
    } while (is_ticket(code, &tickets) && !ssl->outstanding_was_sent);
    if (code > 0) {
        return end_write(ssl, code);
    }
    if (code == 0) {
        /* Neither progress nor a reason to wait. mbedTLS takes 0 bytes only of 0. */
        return end_call(ssl, outcome_protocol_failed, -1);
    }
    const int returned = end_unsuccessful(ssl, code);
    if (ssl->phase != phase_established) {
        return returned;
    }
    if (ssl->outstanding_was_sent) {
        /* On the way to whatever mbedTLS now waits for. This write waits for nothing any more. */
        return end_flushed_write(ssl, length);
    }
    if (!is_outstanding) {
        ssl->write_length = length;
        ssl->write_digest = digest(buffer, length);
    }
    return returned;
}

int SSL_pending(const SSL *ssl) {
    if (ssl == NULL || ssl->phase != phase_established) {
        return 0;
    }
    return (int)mbedtls_ssl_get_bytes_avail(&ssl->tls);
}

int SSL_shutdown(SSL *ssl) {
    if (ssl == NULL || ssl->phase == phase_ended || ssl->phase == phase_failed) {
        return refuse(ssl);
    }
    if (ssl->phase == phase_handshake || (ssl->shutdown & SSL_SENT_SHUTDOWN) != 0) {
        return end_call(ssl, outcome_done, 1);
    }
    ssl->closing = true;

    /* While a record is unsent, mbedtls_ssl_close_notify() sends that, answers 0 and makes no
     * alert; and from its answers one cannot tell which of the two a 0 stands for. */
    const bool is_outstanding = ssl->write_length != 0 && !ssl->outstanding_was_sent;
    if (!ssl->alert_begun && (is_outstanding || unsent_bytes(ssl) != 0)) {
        const int code = mbedtls_ssl_close_notify(&ssl->tls);
        if (code != 0) {
            return end_unsuccessful(ssl, code);
        }
    }
    /* That write can no longer be repeated. What is outstanding from here on is the alert. */
    if (!ssl->alert_begun) {
        ssl->write_length = 0;
        ssl->outstanding_was_sent = false;
        ssl->alert_begun = true;
    }

    const int code = ssl->outstanding_was_sent ? 0 : mbedtls_ssl_close_notify(&ssl->tls);
    if (code != 0) {
        return end_unsuccessful(ssl, code);
    }
    ssl->shutdown |= SSL_SENT_SHUTDOWN;
    return end_call(ssl, outcome_done, 1);
}

int SSL_get_shutdown(const SSL *ssl) {
    return ssl == NULL ? 0 : ssl->shutdown;
}
