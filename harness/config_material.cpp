// SPDX-License-Identifier: Apache-2.0

#include "harness/config_material.hpp"

#include "harness/certificates.hpp"

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

std::span<const std::uint8_t> ConfigMaterial::next_raw(std::size_t size) noexcept {
    const std::span<const std::uint8_t> left = std::span{scenario_.raw}.subspan(raw_given_);
    const std::span<const std::uint8_t> taken =
        left.first(size == 0 ? left.size() : std::min(size, left.size()));
    raw_given_ += taken.size();
    return taken;
}

// The bytes that `op` gives, at the end of the memory.
std::span<const std::uint8_t> ConfigMaterial::of(const Op& op) noexcept {
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

}  // namespace shimfuzz::harness
