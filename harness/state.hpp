// SPDX-License-Identifier: Apache-2.0
//
// What a run remembers where its ops end, as bytes: two runs with the same bytes come to the same,
// whatever ops follow.
//
// Whoever remembers something puts it in, in put_state() of its class. What only ever grows is put
// in as what it is compared with, or not at all; that this loses nothing is argued where it is done
// and, all together, in docs/proof.md. A proof (harness/proof.hpp) goes on from equal states once.
#pragma once

#include "model/lawful_loop.hpp"

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

namespace shimfuzz::harness {

// Who remembers.
enum class Part : std::uint8_t { shim, tls, api_judge, loop_judge, caller, player };
inline constexpr std::size_t part_count = 6;

// StateHash stands for a state. Among 10^8 states the odds that any two share one are below 10^-22.
struct StateHash {
    std::uint64_t low = 0;
    std::uint64_t high = 0;

    bool operator==(const StateHash&) const = default;
};

class State {
public:
    State() = default;

    // A state that is blind to what some parts remember: for a test, which sees that it matters.
    State(std::initializer_list<Part> left_out) noexcept {
        for (const Part part : left_out) {
            left_out_[static_cast<std::size_t>(part)] = true;
        }
    }

    void clear() noexcept { bytes_.clear(); }

    // What is put from here on is remembered by `part`.
    void begin(Part part) noexcept { blind_ = left_out_[static_cast<std::size_t>(part)]; }

    // put appends `values`, in order: numbers, enumerations, and what is made of them.
    template <class... Values>
    void put(const Values&... values) {
        (append(values), ...);
    }

    [[nodiscard]] StateHash hash() const noexcept;

private:
    template <class Value>
    void append(const Value& value) {
        static_assert(std::is_arithmetic_v<Value> || std::is_enum_v<Value>,
                      "no padding, and no pointers");
        const auto* raw = reinterpret_cast<const std::uint8_t*>(&value);
        if (!blind_) {
            bytes_.insert(bytes_.end(), raw, raw + sizeof value);
        }
    }
    template <class Value>
    void append(const std::optional<Value>& value) {
        put(value.has_value(), value.value_or(Value{}));
    }
    template <class Value, std::size_t Size>
    void append(const std::array<Value, Size>& values) {
        for (const Value& value : values) {
            append(value);
        }
    }

    std::vector<std::uint8_t> bytes_;
    std::array<bool, part_count> left_out_{};
    bool blind_ = false;
};

}  // namespace shimfuzz::harness
