// SPDX-License-Identifier: Apache-2.0

#include "harness/configurer.hpp"

#include "harness/allocation.hpp"
#include "harness/feedback.hpp"

namespace shimfuzz::harness {

using scenario::Op;
using scenario::OpKind;

bool Configurer::play(const Op& op) noexcept {
    if (op.kind == OpKind::config_damage) {
        material_.damage_next(op);
        return true;
    }
    subject_context* context = shim_.context_to_configure(scenario_.setup);
    const std::span<const std::uint8_t> data = material_.of(op);
    if (context == nullptr || data.empty()) {
        return false;
    }
    if (op.kind == OpKind::config_host) {
        shim_.set_host(data);
        return true;
    }
    return give(*context, op, data);
}

bool Configurer::give(subject_context& context, const Op& op,
                      std::span<const std::uint8_t> data) noexcept {
    bool taken = false;
    {
        const SubjectScope scope;
        if (op.kind == OpKind::config_certificate) {
            taken = subject_use_certificate(&context, data.data(), data.size()) == 1;
        } else if (op.kind == OpKind::config_key) {
            taken = subject_use_key(&context, data.data(), data.size()) == 1;
        } else if (op.kind == OpKind::config_trust) {
            taken = subject_trust(&context, data.data(), data.size()) == 1;
        } else {
            taken = subject_set_protocols(&context, data.data(), data.size()) == 1;
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
