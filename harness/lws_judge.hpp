// SPDX-License-Identifier: Apache-2.0
//
// Judges what a whole libwebsockets does to mbedTLS: the laws that can be told from the calls
// mbedTLS gets, whoever in lws made them.
//
// Where one call of the shim begins and ends is not seen from here, so what a call reports is not
// judged; what the loop makes of it is (loop_judge.hpp).
#pragma once

#include "harness/findings.hpp"
#include "harness/tls_facts.hpp"
#include "harness/trace.hpp"

#include <span>

namespace shimfuzz::harness {

class TlsSeam;

class LwsJudge final : public TlsJudge {
public:
    // `content_is_payload`: what lws writes is what its application wrote, byte for byte.
    LwsJudge(Findings& findings, TlsSeam& tls, bool content_is_payload) noexcept
        : findings_{findings}, tls_{tls}, content_is_payload_{content_is_payload} {}

    bool tls_asked(Function function, const std::uint8_t* data, std::size_t size) noexcept override;
    void tls_answered(Function function, model::Answer answer, std::size_t bytes) noexcept override;

    // The application hands `buffer` to lws, the room before the bytes with it, until it says so of
    // another.
    void application_writes(std::span<const std::uint8_t> buffer) noexcept { buffer_ = buffer; }

    // Where each call of mbedTLS is written down; null for nowhere.
    void record_in(TraceRow* row) noexcept;

private:
    [[nodiscard]] bool goes_on_with_handshake(Function function) const noexcept;
    [[nodiscard]] bool judge_buffer(const std::uint8_t* data, std::size_t size) noexcept;
    void judge_write(const std::uint8_t* data, std::size_t size) noexcept;

    Findings& findings_;
    TlsSeam& tls_;
    bool content_is_payload_;
    std::span<const std::uint8_t> buffer_;
    bool may_be_touched_ = true;    // nobody has yet handed over what is not its own
    std::uint64_t last_write_ = 0;  // a digest of its content
    TraceRow* row_ = nullptr;
    bool is_recording_ = false;  // the call that is on
};

}  // namespace shimfuzz::harness
