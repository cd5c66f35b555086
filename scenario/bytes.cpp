// SPDX-License-Identifier: Apache-2.0

#include "scenario/bytes.hpp"

#include "scenario/op_table.hpp"

#include <algorithm>

namespace shimfuzz::scenario {
namespace {

constexpr std::uint8_t side_bit = 1;
constexpr std::uint8_t start_bit = 2;

// Reader hands out bytes and, when they are used up, zeros.
class Reader {
public:
    explicit Reader(std::span<const std::uint8_t> bytes) noexcept : rest_{bytes} {}

    [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }

    std::uint8_t byte() noexcept {
        if (rest_.empty()) {
            return 0;
        }
        const std::uint8_t first = rest_.front();
        rest_ = rest_.subspan(1);
        return first;
    }

    std::uint16_t number() noexcept {
        const std::uint16_t low = byte();
        const std::uint16_t high = byte();
        return static_cast<std::uint16_t>(low | (high << 8));
    }

    void skip(std::size_t count) noexcept { rest_ = rest_.subspan(std::min(count, rest_.size())); }

private:
    std::span<const std::uint8_t> rest_;
};

Setup decode_setup(Reader& reader) noexcept {
    const std::uint8_t flags = reader.byte();
    Setup setup;
    setup.side = (flags & side_bit) != 0 ? Side::client : Side::server;
    setup.start = (flags & start_bit) != 0 ? Start::handshake : Start::established;
    setup.read_size = reader.number();
    reader.skip(setup_size - 3);
    return canonical(setup);
}

Op decode_operands(const OpDescription& description, Reader& reader) noexcept {
    Op op{.kind = description.kind};
    if (description.choice_form != ChoiceForm::none) {
        op.choice = reader.byte();
    }
    if (description.number_form != NumberForm::none) {
        op.number = reader.number();
    }
    return canonical(op);
}

void append_number(std::vector<std::uint8_t>& bytes, std::uint16_t number) {
    bytes.push_back(static_cast<std::uint8_t>(number & 0xff));
    bytes.push_back(static_cast<std::uint8_t>(number >> 8));
}

}  // namespace

Scenario decode(std::span<const std::uint8_t> bytes) {
    Reader reader{bytes};
    Scenario scenario{.setup = decode_setup(reader), .ops = {}};
    scenario.ops.reserve(std::min(ops_max, bytes.size()));
    while (!reader.empty() && scenario.ops.size() < ops_max) {
        const std::uint8_t slot = reader.byte() % opcode_slots;
        if (const OpDescription* description = find_op(slot)) {
            scenario.ops.push_back(decode_operands(*description, reader));
        }
    }
    return scenario;
}

std::vector<std::uint8_t> encode(const Scenario& scenario) {
    std::vector<std::uint8_t> bytes;
    bytes.reserve(setup_size + scenario.ops.size() * op_size_max);
    const bool client = scenario.setup.side == Side::client;
    const bool handshake = scenario.setup.start == Start::handshake;
    bytes.push_back(
        static_cast<std::uint8_t>((client ? side_bit : 0) | (handshake ? start_bit : 0)));
    append_number(bytes, scenario.setup.read_size);
    bytes.resize(setup_size, 0);
    for (const Op& op : scenario.ops) {
        const OpDescription& description = describe(op.kind);
        bytes.push_back(static_cast<std::uint8_t>(op.kind));
        if (description.choice_form != ChoiceForm::none) {
            bytes.push_back(op.choice);
        }
        if (description.number_form != NumberForm::none) {
            append_number(bytes, op.number);
        }
    }
    return bytes;
}

}  // namespace shimfuzz::scenario
