// SPDX-License-Identifier: Apache-2.0
//
// Calls the subject, one API call at a time, with the judges and the trace looking on.
//
// Opens the connection when it is first needed and frees it in the end. Decides nothing: which call
// comes next is the caller's (harness/caller.hpp) or the loop's (harness/lawful_player.hpp).
#pragma once

#include "harness/api_judge.hpp"
#include "harness/tls_seam.hpp"
#include "shim/config_subject.h"
#include "shim/subject.h"

namespace shimfuzz::harness {

// CallResult is what lws would know after a call.
struct CallResult {
    int returned = 0;
    model::Report report = model::Report::failed;
    bool pending = false;  // a read that filled its buffer, and SSL_pending says there is more
};

// More than any name of a host has, and than mbedTLS takes (MBEDTLS_SSL_MAX_HOST_NAME_LEN).
inline constexpr std::size_t host_size_max = 300;

class ShimCalls {
public:
    ShimCalls(TlsSeam& tls, ApiJudge& judge) noexcept : tls_{tls}, judge_{judge} {}
    ~ShimCalls();
    ShimCalls(const ShimCalls&) = delete;
    ShimCalls& operator=(const ShimCalls&) = delete;

    // open opens the connection as `setup` says, if it is not open or over. False if the subject
    // could not: memory ran out, or what was to be established is not. A connection with
    // certificates has a context of its own, which ends with it.
    [[nodiscard]] bool open(const scenario::Setup& setup) noexcept;
    // The context that the connection is going to be opened in, made now if need be; null once it
    // has been opened.
    [[nodiscard]] subject_context* context_to_configure(const scenario::Setup& setup) noexcept;

    // Whom the setup says that the subject trusts is true no longer.
    void trusts_otherwise() noexcept { judges_peer_ = false; }

    // Authorities were refused, and with them those from before may be gone.
    void lost_trust() noexcept { lost_trust_ = true; }

    // The host that a client means, from here on; what is beyond `host_size_max` is cut off.
    void set_host(std::span<const std::uint8_t> name) noexcept;

    [[nodiscard]] bool is_open() const noexcept { return connection_ != nullptr; }

    // For whoever asks the subject what this does not (harness/by_hand.hpp).
    [[nodiscard]] subject_connection* connection() noexcept { return connection_; }

    CallResult handshake() noexcept;
    CallResult read(std::size_t size) noexcept;
    CallResult write(std::uint64_t position, std::size_t size) noexcept;  // payload from `position`
    CallResult shutdown() noexcept;
    void free() noexcept;

    // misuse makes `call` as no lawful caller would, and judges that it is refused.
    void misuse(const scenario::Op& op, std::size_t outstanding) noexcept;

    // Who tells this and the seam where to write what happens; null for nowhere.
    void record_in(TraceRow* row) noexcept { row_ = row; }
    void watched_by(LoopJudge* loop) noexcept { loop_judge_ = loop; }

    // All that decides what a call does next, between calls: what the subject has in memory, and
    // what is known of it here. For connections without a context of their own.
    void put_state(State& state) const;

private:
    [[nodiscard]] subject_connection* new_connection() noexcept;
    [[nodiscard]] subject_context* new_context() noexcept;
    void establish() noexcept;
    void judge_peer(CallResult& result) noexcept;
    void free_context() noexcept;
    [[nodiscard]] bool has_wanted() const noexcept;
    void misuse_outstanding(std::size_t outstanding) noexcept;
    void misuse_write(std::span<const std::uint8_t> buffer) noexcept;
    void begin(Place place, std::span<const std::uint8_t> buffer) noexcept;
    CallResult end(int returned, bool misused) noexcept;
    [[nodiscard]] model::Report ask_report(int returned) const noexcept;
    [[nodiscard]] Told told(int returned) const noexcept;

    TlsSeam& tls_;
    ApiJudge& judge_;
    LoopJudge* loop_judge_ = nullptr;
    scenario::Setup setup_;               // of the connection
    subject_context* context_ = nullptr;  // its own, where it has one
    subject_connection* connection_ = nullptr;
    std::array<char, host_size_max + 1> host_{};  // empty: host_name
    bool judges_peer_ = true;
    bool lost_trust_ = false;
    bool opened_ = false;
    bool establishing_ = false;
    Place place_ = Place::free;
    std::size_t asked_ = 0;
    TraceRow* row_ = nullptr;
};

}  // namespace shimfuzz::harness
