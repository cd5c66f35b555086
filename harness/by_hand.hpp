// SPDX-License-Identifier: Apache-2.0
//
// A connection in somebody's own hands: for promises about what no scenario asks for, because no
// lawful caller does it or no loop ever calls it.
//
// On the real seam, with whom the setup says at the other end. Whoever holds it decides what is
// called and when, and what happens to the wire; the judges look on as they always do. Scenarios
// are played elsewhere (run.hpp), and are what fuzzers search.
#pragma once

#include "harness/shim_calls.hpp"

#include <memory>
#include <optional>
#include <span>

namespace shimfuzz::harness {

// Alert is what one end says before it gives up, in the numbers of RFC 5246, section 7.2.
struct Alert {
    std::uint8_t level = 0;
    std::uint8_t description = 0;

    bool operator==(const Alert&) const = default;
};

class ByHand {
public:
    // A hostile peer sends `raw`, which outlives this, when it is told to.
    explicit ByHand(const scenario::Setup& setup, std::span<const std::uint8_t> raw = {});
    ~ByHand();
    ByHand(const ByHand&) = delete;
    ByHand& operator=(const ByHand&) = delete;

    // The subject, to be asked what the calls below do not ask. The context is made when it is
    // first asked for, and only before the connection is opened; null where there is none.
    [[nodiscard]] subject_context* context();
    [[nodiscard]] subject_connection* connection();

    // What happens in the world: an op of the real seam, or alloc_fail.
    void happens(const scenario::Op& op);

    // A signal interrupts what the subject next asks of its socket.
    void is_interrupted();

    // The calls, each when the peer has had its turn. The first opens the connection, established
    // if the setup says so.
    CallResult handshake();
    CallResult read(std::size_t size);
    CallResult write(std::size_t size);  // or the outstanding write again
    CallResult shutdown();

    // Shakes hands until it is done or cannot go on, with `room` bytes for each call if it is
    // given. Returns whether it is done.
    bool shakes_hands(std::optional<std::uint16_t> room = std::nullopt);

    // Makes `call` where a lawful caller would not; that it is refused is judged.
    void misuse(scenario::MisuseCall call);

    // What the shim said of the last call.
    [[nodiscard]] const TraceCall& last() const;

    [[nodiscard]] const TlsFacts& facts() const;

    // What the peer was told before the connection failed.
    [[nodiscard]] std::optional<Alert> alert_heard();

    // What has come to a hostile peer since it was last asked.
    [[nodiscard]] std::vector<std::uint8_t> take_sent();

    // Frees the connection, and says what was found.
    Verdict end();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace shimfuzz::harness
