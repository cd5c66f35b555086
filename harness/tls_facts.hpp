// SPDX-License-Identifier: Apache-2.0
//
// The truth about one TLS connection: what mbedTLS was asked and what it really answered.
//
// Kept by whoever answers (harness/scripted_tls, harness/real_tls), read by the judges. What the
// shim made of it is not here.
#pragma once

#include "harness/answer_codes.hpp"

#include <array>
#include <optional>

namespace shimfuzz::harness {

struct TlsFacts {
    std::array<std::optional<model::Answer>, function_count> last;  // last answer, by Function
    bool established = false;
    bool dead = false;          // a fatal answer was given: no further I/O
    bool ended = false;         // eof, close_notify or something unpollable: no more will come
    std::uint32_t pending = 0;  // plaintext of the current record not yet read
    std::uint32_t outstanding_write = 0;  // length of the write that must be repeated; 0: none
    std::uint64_t accepted = 0;           // plaintext taken from the shim, in all
    std::uint64_t delivered = 0;          // plaintext given to the shim, in all
    // Of `accepted`, what went out while something else than a write was asked: mbedTLS sends what
    // is unsent on the way to an alert of its own, or to the next record it reads.
    std::uint64_t sent_on_the_way = 0;
    std::uint32_t records_taken = 0;     // from the wire
    std::uint32_t alerts_attempted = 0;  // close_notify alerts begun
    std::uint32_t alerts_sent = 0;
    bool recoverable = true;  // every answer so far leaves the connection able to finish
    bool recoverable_with_memory = true;  // it would be, had no allocation failed

    // On the real seam: bytes that the subject has put on the wire.
    std::uint64_t sent = 0;

    bool has_certificates = false;  // on the real seam: both ends know each other by them

    // On the real seam, where there is somebody at the other end.
    bool has_peer = false;
    std::uint64_t arrived = 0;  // of what was accepted, what the peer's application has read
    bool arrived_content_is_right = true;

    // What the last read waited to write has gone out with a write. Nobody told the loop: it may go
    // on waiting for room, and need not.
    bool read_has_room = false;

    [[nodiscard]] bool read_waits_for_room() const noexcept {
        return last_was(Function::read, model::Answer::want_write) && !read_has_room;
    }

    [[nodiscard]] bool last_was(Function function, model::Answer answer) const noexcept {
        return last[static_cast<std::size_t>(function)] == answer;
    }
};

// TlsJudge is told what mbedTLS is asked and what it answers, by whoever answers.
class TlsJudge {
public:
    // `function` is called with `data` and `size` (null and 0 where it has none). Returns whether
    // the memory may be touched.
    virtual bool tls_asked(Function function, const std::uint8_t* data,
                           std::size_t size) noexcept = 0;

    // mbedTLS answers; `bytes` is the count of an ok.
    virtual void tls_answered(Function function, model::Answer answer,
                              std::size_t bytes) noexcept = 0;

protected:
    ~TlsJudge() = default;
};

}  // namespace shimfuzz::harness
