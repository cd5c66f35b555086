// SPDX-License-Identifier: Apache-2.0

#include "scenario/bytes.hpp"

#include "scenario/op_table.hpp"

#include <algorithm>
#include <array>

namespace shimfuzz::scenario {
namespace {

constexpr std::uint8_t side_bit = 1;
constexpr std::uint8_t start_bit = 2;
constexpr std::uint8_t tls13_bit = 4;
constexpr std::uint8_t hostile_bit = 8;

// The setup's fifth byte, from the lowest bit on: auth, no name sent, trust, identity. The sixth:
// verify, and what is allowed.
constexpr std::uint8_t certificate_bit = 1;
constexpr std::uint8_t no_name_bit = 2;
constexpr unsigned trust_shift = 2;
constexpr unsigned identity_shift = 4;
constexpr unsigned allow_shift = 2;
constexpr std::uint8_t two_bits = 3;

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

    [[nodiscard]] std::span<const std::uint8_t> rest() const noexcept { return rest_; }

private:
    std::span<const std::uint8_t> rest_;
};

Setup decode_setup(Reader& reader) noexcept {
    const std::uint8_t flags = reader.byte();
    Setup setup;
    setup.side = (flags & side_bit) != 0 ? Side::client : Side::server;
    setup.start = (flags & start_bit) != 0 ? Start::handshake : Start::established;
    setup.tls = (flags & tls13_bit) != 0 ? TlsVersion::tls13 : TlsVersion::tls12;
    setup.peer = (flags & hostile_bit) != 0 ? Peer::hostile : Peer::lawful;
    setup.read_size = reader.number();
    setup.role = static_cast<Role>(reader.byte() % role_count);
    const std::uint8_t shown = reader.byte();
    setup.auth = (shown & certificate_bit) != 0 ? Auth::certificate : Auth::psk;
    setup.sends_name = (shown & no_name_bit) == 0;
    setup.trust = static_cast<Trust>(((shown >> trust_shift) & two_bits) % trust_count);
    setup.identity = static_cast<Identity>((shown >> identity_shift) % identity_count);
    const std::uint8_t asked = reader.byte();
    setup.verify = static_cast<Verify>((asked & two_bits) % verify_count);
    setup.allow = static_cast<std::uint8_t>(asked >> allow_shift);
    reader.skip(setup_size - 6);
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

std::array<std::uint8_t, setup_size> encode_setup(const Setup& setup) noexcept {
    std::array<std::uint8_t, setup_size> bytes{};
    bytes[0] = static_cast<std::uint8_t>((setup.side == Side::client ? side_bit : 0) |
                                         (setup.start == Start::handshake ? start_bit : 0) |
                                         (setup.tls == TlsVersion::tls13 ? tls13_bit : 0) |
                                         (setup.peer == Peer::hostile ? hostile_bit : 0));
    bytes[1] = static_cast<std::uint8_t>(setup.read_size & 0xff);
    bytes[2] = static_cast<std::uint8_t>(setup.read_size >> 8);
    bytes[3] = static_cast<std::uint8_t>(setup.role);
    bytes[4] = static_cast<std::uint8_t>((setup.auth == Auth::certificate ? certificate_bit : 0U) |
                                         (setup.sends_name ? 0U : no_name_bit) |
                                         static_cast<unsigned>(setup.trust) << trust_shift |
                                         static_cast<unsigned>(setup.identity) << identity_shift);
    bytes[5] = static_cast<std::uint8_t>(static_cast<unsigned>(setup.verify) |
                                         static_cast<unsigned>(setup.allow) << allow_shift);
    return bytes;
}

// An op's bytes; `size` of them count.
struct EncodedOp {
    std::array<std::uint8_t, op_size_max> bytes{};
    std::size_t size = 0;
};

EncodedOp encode_op(const Op& op) noexcept {
    const OpDescription& description = describe(op.kind);
    EncodedOp encoded;
    encoded.bytes[encoded.size++] = static_cast<std::uint8_t>(op.kind);
    if (description.choice_form != ChoiceForm::none) {
        encoded.bytes[encoded.size++] = op.choice;
    }
    if (description.number_form != NumberForm::none) {
        encoded.bytes[encoded.size++] = static_cast<std::uint8_t>(op.number & 0xff);
        encoded.bytes[encoded.size++] = static_cast<std::uint8_t>(op.number >> 8);
    }
    return encoded;
}

}  // namespace

void decode_into(std::span<const std::uint8_t> bytes, Scenario& scenario) {
    Reader reader{bytes};
    scenario.setup = decode_setup(reader);
    scenario.ops.clear();
    scenario.ops.reserve(std::min(ops_max, bytes.size()));
    scenario.raw.clear();
    while (!reader.empty()) {
        const std::uint8_t slot = reader.byte() % opcode_slots;
        if (slot == raw_slot) {
            const auto raw = reader.rest().first(std::min(raw_max, reader.rest().size()));
            scenario.raw.assign(raw.begin(), raw.end());
            return;
        }
        if (scenario.ops.size() == ops_max) {
            return;
        }
        if (const OpDescription* description = find_op(slot)) {
            scenario.ops.push_back(decode_operands(*description, reader));
        }
    }
}

Scenario decode(std::span<const std::uint8_t> bytes) {
    Scenario scenario;
    decode_into(bytes, scenario);
    return scenario;
}

std::size_t encode_into(std::span<std::uint8_t> bytes, const Scenario& scenario) noexcept {
    const std::array<std::uint8_t, setup_size> setup = encode_setup(scenario.setup);
    std::size_t size = std::min(setup.size(), bytes.size());
    std::copy_n(setup.begin(), size, bytes.begin());
    for (const Op& op : scenario.ops) {
        const EncodedOp encoded = encode_op(op);
        if (encoded.size > bytes.size() - size) {
            break;
        }
        std::copy_n(encoded.bytes.begin(), encoded.size, bytes.data() + size);
        size += encoded.size;
    }
    if (!scenario.raw.empty() && size < bytes.size()) {
        bytes[size++] = raw_slot;
        const std::size_t count = std::min(scenario.raw.size(), bytes.size() - size);
        std::copy_n(scenario.raw.begin(), count, bytes.data() + size);
        size += count;
    }
    return size;
}

std::vector<std::uint8_t> encode(const Scenario& scenario) {
    std::vector<std::uint8_t> bytes(setup_size + scenario.ops.size() * op_size_max + 1 +
                                    scenario.raw.size());
    bytes.resize(encode_into(bytes, scenario));
    return bytes;
}

}  // namespace shimfuzz::scenario
