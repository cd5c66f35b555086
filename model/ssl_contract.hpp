// SPDX-License-Identifier: Apache-2.0
//
// The answer table: what a shim must report for each answer of mbedTLS.
//
// Sources: SSL_get_error(3) and SSL_want(3) for the reports, mbedtls/ssl.h for the answers. The
// numbers of either library are nobody's business here.
#pragma once

#include <cstdint>

namespace shimfuzz::model {

// The class of an mbedTLS answer: all that a caller can act on.
enum class Answer : std::uint8_t {
    ok,          // a byte count, or plain success
    want_read,   // wait for bytes
    want_write,  // wait for room
    ticket,      // a session ticket was stored; ask again (mbedTLS 3.x)
    unpollable,  // non-fatal, but no poll event will ever help (ASYNC_IN_PROGRESS, ...)
    closed,      // the peer's close_notify
    eof,         // the transport ended without one
    fatal,       // everything else: the context is unusable
};

// What lws learns when it asks get_error, then want_read, then want_write.
enum class Report : std::uint8_t {
    ok,  // the call returned > 0
    want_read,
    want_write,
    closed,  // SSL_ERROR_ZERO_RETURN
    failed,  // SSL_ERROR_SYSCALL, SSL_ERROR_SSL
};

// report_of returns the one report that tells the truth about `answer`.
[[nodiscard]] constexpr Report report_of(Answer answer) noexcept {
    switch (answer) {
    case Answer::ok:
        return Report::ok;
    case Answer::want_read:
    case Answer::ticket:  // more may come at once or later; either way it comes as bytes
        return Report::want_read;
    case Answer::want_write:
        return Report::want_write;
    case Answer::closed:
        return Report::closed;
    case Answer::unpollable:  // a caller told to wait would wait for ever
    case Answer::eof:
    case Answer::fatal:
        return Report::failed;
    }
    return Report::failed;
}

// ends_the_context says whether mbedtls/ssl.h forbids further I/O after `answer`.
[[nodiscard]] constexpr bool ends_the_context(Answer answer) noexcept {
    return answer == Answer::fatal;
}

// is_want says whether `answer` asks the caller to wait and call again.
[[nodiscard]] constexpr bool is_want(Answer answer) noexcept {
    return answer == Answer::want_read || answer == Answer::want_write;
}

}  // namespace shimfuzz::model
