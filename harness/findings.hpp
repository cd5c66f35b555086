// SPDX-License-Identifier: Apache-2.0
//
// Where judges put what they see: the first violation of a run, and how often each premise was
// reached.
//
// After the first violation judging ends: what follows is mostly its consequence. Memory safety is
// the sanitizers' and is never switched off.
#pragma once

#include "harness/verdict.hpp"

namespace shimfuzz::harness {

class Findings {
public:
    void at(std::uint32_t op_index, std::uint32_t pass) noexcept {
        op_index_ = op_index;
        pass_ = pass;
    }

    // about says which connection what is seen from here on is about.
    void about(std::uint8_t connection) noexcept { connection_ = connection; }

    void report(const Signature& signature) noexcept {
        if (!violation_.has_value() && !is_switched_off(signature.invariant)) {
            violation_ = Violation{.signature = signature,
                                   .op_index = op_index_,
                                   .pass = pass_,
                                   .connection = connection_};
        }
    }

    // overrule puts `signature` in the place of whatever was found before: for what ends the
    // process of whoever uses the subject.
    void overrule(const Signature& signature) noexcept {
        if (!is_switched_off(signature.invariant)) {
            violation_.reset();
            report(signature);
        }
    }

    void reached(Invariant invariant) noexcept { ++reach_[static_cast<std::size_t>(invariant)]; }

    [[nodiscard]] bool judging() const noexcept { return !violation_.has_value(); }
    [[nodiscard]] const std::optional<Violation>& violation() const noexcept { return violation_; }
    [[nodiscard]] const Reach& reach() const noexcept { return reach_; }

private:
    std::uint32_t op_index_ = 0;
    std::uint32_t pass_ = 0;
    std::uint8_t connection_ = 0;
    std::optional<Violation> violation_;
    Reach reach_{};
};

}  // namespace shimfuzz::harness
