// SPDX-License-Identifier: Apache-2.0

#include "harness/configurer.hpp"

#include "harness/allocation.hpp"
#include "harness/certificates.hpp"
#include "harness/feedback.hpp"

#include <algorithm>
#include <array>

namespace shimfuzz::harness {

using scenario::Corruption;
using scenario::Identity;
using scenario::Material;
using scenario::Op;
using scenario::OpKind;

namespace {

// One byte may be doubled.
alignas(16) std::array<std::uint8_t, scenario::size_max + 1> config_memory;

// What belongs to what the op gives: the right thing, or one of its kind that does not fit.
Encoded encoded_of(OpKind kind, scenario::Side side, bool other) noexcept {
    if (kind == OpKind::config_trust) {
        return authority_of(other ? scenario::Trust::wrong : scenario::Trust::right);
    }
    // What does not fit is for the other side, and of another key.
    const bool is_server = (side == scenario::Side::server) != other;
    const Credentials own =
        credentials_of(is_server ? scenario::Side::server : scenario::Side::client, Identity::good);
    return kind == OpKind::config_certificate ? own.certificate : own.key;
}

std::span<const std::uint8_t> form_of(Material material, const Encoded& encoded) noexcept {
    switch (material) {
    case Material::raw:
        break;
    case Material::pem:
    case Material::other_pem:
        return encoded.pem;
    case Material::pem_unterminated:
        return encoded.pem.first(encoded.pem.size() - 1);
    case Material::der:
    case Material::other_der:
        return encoded.der;
    }
    return {};
}

}  // namespace

bool Configurer::play(const Op& op) noexcept {
    if (op.kind == OpKind::config_damage) {
        return damage(op);
    }
    subject_context* context = shim_.context_to_configure(scenario_.setup);
    const std::span<const std::uint8_t> data = material_of(op);
    if (context == nullptr || data.empty()) {
        return false;
    }
    if (op.kind == OpKind::config_host) {
        shim_.set_host(data);
        return true;
    }
    return give(op, data);
}

bool Configurer::damage(const Op& op) noexcept {
    damage_ = op;
    return true;
}

std::span<const std::uint8_t> Configurer::next_raw(std::size_t size) noexcept {
    const std::span<const std::uint8_t> left = std::span{scenario_.raw}.subspan(raw_given_);
    const std::span<const std::uint8_t> taken =
        left.first(size == 0 ? left.size() : std::min(size, left.size()));
    raw_given_ += taken.size();
    return taken;
}

// The bytes that `op` gives, at the end of the memory.
std::span<const std::uint8_t> Configurer::material_of(const Op& op) noexcept {
    const bool is_encoded = op.kind == OpKind::config_certificate ||
                            op.kind == OpKind::config_key || op.kind == OpKind::config_trust;
    const auto material = is_encoded ? static_cast<Material>(op.choice) : Material::raw;
    const bool other = material == Material::other_pem || material == Material::other_der;
    std::span<const std::uint8_t> whole =
        material == Material::raw
            ? next_raw(op.number)
            : form_of(material, encoded_of(op.kind, scenario_.setup.side, other));
    whole =
        whole.first(op.number == 0 ? whole.size() : std::min<std::size_t>(op.number, whole.size()));
    std::size_t size = whole.size();
    const bool is_damaged = damage_.has_value() && damage_->number < size;
    const Corruption way = is_damaged ? static_cast<Corruption>(damage_->choice) : Corruption{};
    size += is_damaged && way == Corruption::doubled ? 1 : 0;
    size -= is_damaged && way == Corruption::dropped ? 1 : 0;
    const std::span<std::uint8_t> memory = std::span{config_memory}.last(size);
    const std::size_t before = is_damaged ? damage_->number : size;
    std::copy_n(whole.begin(), before, memory.begin());
    if (is_damaged) {
        // What follows the damaged byte follows it still; the byte comes other, twice, or not.
        std::uint8_t* to = memory.data() + before;
        const std::uint8_t* from = whole.data() + before;
        if (way == Corruption::flipped) {
            *to++ = static_cast<std::uint8_t>(*from ^ 0xff);
        } else if (way == Corruption::doubled) {
            *to++ = *from;
            *to++ = *from;
        }
        std::copy(from + 1, whole.data() + whole.size(), to);
        damage_.reset();
    }
    return memory;
}

bool Configurer::give(const Op& op, std::span<const std::uint8_t> data) noexcept {
    subject_context* context = shim_.context_to_configure(scenario_.setup);
    bool taken = false;
    {
        const SubjectScope scope;
        if (op.kind == OpKind::config_certificate) {
            taken = subject_use_certificate(context, data.data(), data.size()) == 1;
        } else if (op.kind == OpKind::config_key) {
            taken = subject_use_key(context, data.data(), data.size()) == 1;
        } else if (op.kind == OpKind::config_trust) {
            taken = subject_trust(context, data.data(), data.size()) == 1;
        } else {
            taken = subject_set_protocols(context, data.data(), data.size()) == 1;
        }
    }
    // What the subject shows, and which protocols it speaks, is no matter of whom it lets in.
    if (op.kind == OpKind::config_trust && taken) {
        shim_.trusts_otherwise();
    } else if (op.kind == OpKind::config_trust) {
        shim_.lost_trust();
    }
    note_situation(1U << 21 | static_cast<std::uint32_t>(op.kind) |
                   static_cast<std::uint32_t>(op.choice) << 8 | (taken ? 1U : 0U) << 16);
    return true;
}

}  // namespace shimfuzz::harness
