// SPDX-License-Identifier: Apache-2.0

#include "cli/c_test_parts.hpp"

#include <array>

namespace shimfuzz::cli {
namespace {

constexpr std::string_view c_body = R"c(
@INCLUDES@

#if !defined(MBEDTLS_PRIVATE) /* of mbedTLS 3 */
#define MBEDTLS_PRIVATE(member) member
#endif
@IF_ANSWERS_EXIST@

/* What the caller is told of a call. */
enum report { is_ok, wants_read, wants_write, is_closed, has_failed };
static const char *const report_names[] = {"OK", "WANT_READ", "WANT_WRITE", "ZERO_RETURN",
                                           "FAILED"};

/* The calls, in order, and what each but the last must come to if the last is to tell anything. */
enum call { handshake_call, read_call, write_call, shutdown_call };
static const char *const call_names[] = {"@HANDSHAKE@", "SSL_read", "SSL_write",
                                         "SSL_shutdown"};
static const struct step {
    enum call call;
    int length;
    enum report report;
    int returned; /* where it is positive */
} steps[] = {
@STEPS@
};
static const size_t step_count = sizeof(steps) / sizeof(steps[0]);

/* What mbedTLS answers, function by function, each time it is asked. Asked more often it is calm:
 * there is nothing to read, and all else succeeds. */
struct answer {
    int code;     /* 0: success; of a read without bytes, the end of the stream */
    int bytes;    /* that were read or written */
    int error;    /* errno */
    int is_final; /* the context must not be used again */
};
@ANSWERS@

/* Of the call that is on: how often mbedTLS was asked, the bytes that moved, the last answer, and
 * the caller's buffer. */
static size_t asked;
static long moved;
static struct answer last;
static unsigned char *buffer;
static size_t buffer_size;

static unsigned long accepted;  /* bytes that mbedTLS has taken */
static unsigned long delivered; /* bytes that it has given */
static size_t outstanding;      /* the length of the write that mbedTLS has left waiting */
static const char *fault;       /* what is wrong, if anything */
static const char *unclear;     /* why nothing can be said, if so */
static const char *const expected =
    "@EXPECTED@";

/* The byte at `position` of either stream. */
static unsigned char byte_at(unsigned long position) {
    return (unsigned char)(position % 251);
}

@STATE@

static struct answer take(struct queue *queue, struct answer calm) {
    const struct answer answer = queue->left > 0 ? *queue->next : calm;
    @ON_ANY@
    if (queue->left > 0) {
        ++queue->next;
        --queue->left;
    }
    ++asked;
    last = answer;
    errno = answer.error;
    return answer;
}

int __wrap_mbedtls_ssl_read(mbedtls_ssl_context *ssl, unsigned char *data, size_t size);
int __wrap_mbedtls_ssl_write(mbedtls_ssl_context *ssl, const unsigned char *data, size_t size);
int __wrap_mbedtls_ssl_handshake(mbedtls_ssl_context *ssl);
int __wrap_mbedtls_ssl_handshake_step(mbedtls_ssl_context *ssl);
int __wrap_mbedtls_ssl_close_notify(mbedtls_ssl_context *ssl);

int __wrap_mbedtls_ssl_read(mbedtls_ssl_context *ssl, unsigned char *data, size_t size) {
    const struct answer calm = {MBEDTLS_ERR_SSL_WANT_READ, 0, EAGAIN, 0};
    struct answer answer;
    size_t i;

    (void)ssl;
    @ON_READ@
    answer = take(&reads, calm);
    if (answer.code != 0) {
        return answer.code;
    }
    size = (size_t)answer.bytes < size ? (size_t)answer.bytes : size;
    for (i = 0; i < size; ++i) {
        data[i] = byte_at(delivered++);
    }
    moved += (long)size;
    return (int)size;
}

int __wrap_mbedtls_ssl_write(mbedtls_ssl_context *ssl, const unsigned char *data, size_t size) {
    const struct answer calm = {0, 16384, 0, 0};
    struct answer answer;

    (void)ssl;
    (void)data;
    @ON_WRITE@
    answer = take(&writes, calm);
    outstanding = answer.code != 0 && !answer.is_final ? size : 0;
    if (answer.code != 0) {
        return answer.code;
    }
    size = (size_t)answer.bytes < size ? (size_t)answer.bytes : size;
    accepted += size;
    moved += (long)size;
    return (int)size;
}

int __wrap_mbedtls_ssl_handshake(mbedtls_ssl_context *ssl) {
    const struct answer calm = {0, 0, 0, 0};
    const struct answer answer = take(&handshakes, calm);

    if (answer.code == 0) {
        ssl->MBEDTLS_PRIVATE(state) = MBEDTLS_SSL_HANDSHAKE_OVER;
    }
    return answer.code;
}

int __wrap_mbedtls_ssl_handshake_step(mbedtls_ssl_context *ssl) {
    return __wrap_mbedtls_ssl_handshake(ssl);
}

int __wrap_mbedtls_ssl_close_notify(mbedtls_ssl_context *ssl) {
    const struct answer calm = {0, 0, 0, 0};
    const struct answer answer = take(&alerts, calm);

    (void)ssl;
    @ON_ALERT@
    return answer.code;
}

/* What lws learns of a call that returned `returned`: it asks in this order. */
static enum report report_of(SSL *ssl, enum call call, int returned) {
    const int is_io = call == read_call || call == write_call;
    int error;

    if (returned > 0) {
        return is_ok;
    }
    if (call == shutdown_call && returned == 0) {
        return wants_read; /* not yet finished */
    }
    error = SSL_get_error(ssl, returned);
    if (error == SSL_ERROR_ZERO_RETURN) {
        return is_closed;
    }
    if (error == SSL_ERROR_SYSCALL || (error == SSL_ERROR_SSL && !is_io)) {
        return has_failed;
    }
    if (error == SSL_ERROR_WANT_READ || SSL_want_read(ssl)) {
        return wants_read;
    }
    if (error == SSL_ERROR_WANT_WRITE || SSL_want_write(ssl)) {
        return wants_write;
    }
    return has_failed;
}

/* The caller's buffer is no larger than it says, and a write goes on where the last one ended. */
static int make_call(SSL *ssl, const struct step *step) {
    static unsigned long sent;
    int returned = 0;
    size_t i;

    asked = 0;
    moved = 0;
    buffer_size = (size_t)step->length;
    buffer = malloc(buffer_size > 0 ? buffer_size : 1);
    if (buffer == NULL) {
        unclear = "no memory";
        return 0;
    }
    for (i = 0; i < buffer_size; ++i) {
        buffer[i] = step->call == write_call ? byte_at(sent + i) : 0;
    }
    errno = 0;
    switch (step->call) {
    case handshake_call:
        returned = @HANDSHAKE@(ssl);
        break;
    case read_call:
        returned = SSL_read(ssl, buffer, step->length);
        break;
    case write_call:
        returned = SSL_write(ssl, buffer, step->length);
        sent += returned > 0 ? (unsigned long)returned : 0;
        break;
    case shutdown_call:
        returned = SSL_shutdown(ssl);
        break;
    }
    return returned;
}

static void judge(enum call call, enum report report, int returned) {
    static char words[160];

    (void)call;
    (void)report;
    (void)returned;
    (void)words;
    @VERDICT@
}

static void make_calls(SSL *ssl) {
    size_t i;

    for (i = 0; i < step_count && fault == NULL && unclear == NULL; ++i) {
        const struct step *step = &steps[i];
        const int returned = make_call(ssl, step);
        const enum report report = report_of(ssl, step->call, returned);
        static char words[160];

        @AFTER_CALL@
        if (fault == NULL && i + 1 == step_count) {
            judge(step->call, report, returned);
        } else if (fault == NULL && (report != step->report ||
                                     (report == is_ok && returned != step->returned))) {
            snprintf(words, sizeof(words), "call %u, %s, comes to %s and %d, not to %s and %d",
                     (unsigned)i + 1, call_names[step->call], report_names[report], returned,
                     report_names[step->report], step->returned);
            unclear = words;
        }
        free(buffer);
        buffer = NULL;
    }
}

static SSL_CTX *new_context(void) {
#if defined(LWS_LIBRARY_VERSION_NUMBER) && LWS_LIBRARY_VERSION_NUMBER >= 4003000
    return SSL_CTX_new(@METHOD@(), NULL);
#else
    return SSL_CTX_new(@METHOD@());
#endif
}

int main(void) {
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0); /* never used: nothing is really sent */
    SSL_CTX *ctx;
    SSL *ssl;

#if defined(LWS_LIBRARY_VERSION_NUMBER)
    lws_set_log_level(0, NULL);
#endif
    ctx = new_context();
    ssl = ctx != NULL ? SSL_new(ctx) : NULL;
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
        puts("cannot tell: no connection");
        return 77;
    }
    make_calls(ssl);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    if (fault != NULL) {
        printf("bug: expected: %s; observed: %s\n", expected, fault);
        return 1;
    }
    if (unclear != NULL) {
        printf("cannot tell: %s\n", unclear);
        return 77;
    }
    printf("right: %s\n", expected);
    return 0;
}
@END_IF_ANSWERS_EXIST@
)c";

// What the C test includes. As a text of its own, so that nobody takes it for what this file does.
constexpr std::string_view c_includes = "#if __has_include(<libwebsockets.h>)\n"
                                        "#include <libwebsockets.h>\n"
                                        "#endif\n"
                                        "#include <openssl/ssl.h>\n"
                                        "\n"
                                        "#include <mbedtls/net_sockets.h>\n"
                                        "#include <mbedtls/ssl.h>\n"
                                        "\n"
                                        "#include <errno.h>\n"
                                        "#include <stdio.h>\n"
                                        "#include <stdlib.h>\n"
                                        "#include <string.h>\n"
                                        "#include <sys/socket.h>\n"
                                        "#include <unistd.h>";

constexpr LookParts look_report{.state = "",
                                .on_any = "",
                                .on_read = "",
                                .on_write = "",
                                .on_alert = "",
                                .after_call = "",
                                .verdict = R"c(
    if (asked == 0 || @TRUTH_IS_ANOTHER@) {
        unclear = "in the last call mbedTLS was not asked for the answer that matters";
    } else if (report != @EXPECTED_REPORT@) {
        snprintf(words, sizeof(words), "%s is reported as %s", call_names[call],
                 report_names[report]);
        fault = words;
    })c"};

constexpr LookParts look_buffer{.state = R"c(
static int is_outside(const unsigned char *data, size_t size) {
    return size > buffer_size || data < buffer || data + size > buffer + buffer_size;
})c",
                                .on_any = "",
                                .on_read = R"c(
    if (is_outside(data, size)) {
        fault = "@OBSERVED@";
        return MBEDTLS_ERR_SSL_WANT_READ;
    })c",
                                .on_write = R"c(
    if (is_outside(data, size)) {
        fault = "@OBSERVED@";
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    })c",
                                .on_alert = "",
                                .after_call = R"c(
        if (step->call != handshake_call && returned > step->length &&
            step->call != shutdown_call) {
            fault = "@OBSERVED@";
        })c",
                                .verdict = R"c(
    if (asked == 0) {
        unclear = "in the last call mbedTLS was not asked";
    })c"};

constexpr LookParts look_asks{.state = R"c(
static int waits; /* mbedTLS said so, in the call that is on */)c",
                              .on_any = R"c(
    if (asked > 0 && waits) {
        fault = "@OBSERVED@";
    }
    waits = answer.code == MBEDTLS_ERR_SSL_WANT_READ ||
            answer.code == MBEDTLS_ERR_SSL_WANT_WRITE;)c",
                              .on_read = "",
                              .on_write = "",
                              .on_alert = "",
                              .after_call = "",
                              .verdict = R"c(
    if (asked == 0 || !waits) {
        unclear = "in the last call mbedTLS was not asked for the answer that matters";
    })c"};

constexpr LookParts look_end{.state = R"c(
static int is_dead; /* mbedTLS has failed for good */)c",
                             .on_any = R"c(
    if (is_dead) {
        fault = "@OBSERVED@";
    }
    is_dead = is_dead || answer.is_final;)c",
                             .on_read = "",
                             .on_write = "",
                             .on_alert = "",
                             .after_call = "",
                             .verdict = R"c(
    if (!is_dead || (report == is_ok && moved > 0)) {
        unclear = "mbedTLS has not failed yet";
    } else if (report != has_failed) {
        snprintf(words, sizeof(words), "after the failure %s is reported as %s", call_names[call],
                 report_names[report]);
        fault = words;
    })c"};

constexpr LookParts look_retry{.state = R"c(
static int was_repeated; /* the write that waited, in the call that is on */)c",
                               .on_any = "",
                               .on_read = "",
                               .on_write = R"c(
    was_repeated = outstanding > 0;
    if (was_repeated && size != outstanding) {
        fault = "@OBSERVED@";
    } else if (was_repeated) {
        size_t i;
        for (i = 0; i < size && data[i] == byte_at(accepted + i); ++i) {
        }
        fault = i < size ? "@OBSERVED@" : fault;
    })c",
                               .on_alert = "",
                               .after_call = "",
                               .verdict = R"c(
    if (asked == 0 || !was_repeated) {
        unclear = "in the last call no write was repeated";
    })c"};

constexpr LookParts look_bytes{.state = R"c(
static int is_stream(const unsigned char *data, size_t size, unsigned long position) {
    size_t i;
    for (i = 0; i < size && data[i] == byte_at(position + i); ++i) {
    }
    return i == size;
})c",
                               .on_any = "",
                               .on_read = "",
                               .on_write = R"c(
    if (outstanding == 0 && !is_stream(data, size, accepted)) {
        fault = "@OBSERVED@";
    })c",
                               .on_alert = "",
                               .after_call = R"c(
        if (step->call == read_call && returned > 0 && returned == moved &&
            !is_stream(buffer, (size_t)returned, delivered - (unsigned long)returned)) {
            fault = "@OBSERVED@";
        })c",
                               .verdict = R"c(
    if (asked == 0) {
        unclear = "in the last call mbedTLS was not asked";
    } else if (report != has_failed && report != is_closed &&
               (returned > 0 ? returned : 0) != moved) {
        snprintf(words, sizeof(words), "%s returned %d, and %ld bytes moved", call_names[call],
                 returned, moved);
        fault = words;
    })c"};

constexpr LookParts look_alert{.state = R"c(
static int alert_waits;     /* begun, and not sent yet */
static int alerts_begun;
static int alerts_sent;)c",
                               .on_any = "",
                               .on_read = "",
                               .on_write = "",
                               .on_alert = R"c(
    /* With a record still to send mbedTLS sends that, and no alert, whatever it answers. */
    if (outstanding == 0 && !alert_waits) {
        ++alerts_begun;
        alert_waits = 1;
    }
    if (answer.code == 0) {
        alerts_sent += alert_waits;
        alert_waits = 0;
        outstanding = 0;
    })c",
                               .after_call = "",
                               .verdict = R"c(
    if (alerts_sent > 1 || (report == is_ok && alerts_begun == 0)) {
        fault = "@OBSERVED@";
    } else if (call != shutdown_call) {
        unclear = "the last call was no shutdown";
    })c"};

constexpr LookParts look_establishment{.state = "",
                                       .on_any = "",
                                       .on_read = "",
                                       .on_write = "",
                                       .on_alert = "",
                                       .after_call = "",
                                       .verdict = R"c(
    if (asked == 0) {
        unclear = "in the last call mbedTLS was not asked";
    } else if (report == is_ok && last.code != 0) {
        fault = "@OBSERVED@";
    })c"};

constexpr std::array<const LookParts*, 8> look_parts{&look_report, &look_buffer,       &look_asks,
                                                     &look_end,    &look_retry,        &look_bytes,
                                                     &look_alert,  &look_establishment};

}  // namespace

const LookParts& parts_for(Look look) noexcept {
    return *look_parts[static_cast<std::size_t>(look)];
}

std::string_view c_test_includes() noexcept {
    return c_includes;
}

std::string_view c_test_body() noexcept {
    return c_body;
}

}  // namespace shimfuzz::cli
