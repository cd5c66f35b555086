// SPDX-License-Identifier: Apache-2.0

#include "harness/certificates.hpp"

namespace shimfuzz::harness {
namespace certificates {

#include "certificates.inc"

}  // namespace certificates

using scenario::Identity;

namespace {

Encoded server_certificate(Identity identity) noexcept {
    using namespace certificates;
    switch (identity) {
    case Identity::none:
        break;
    case Identity::self_signed:
        return {server_self_signed_pem, server_self_signed_der};
    case Identity::expired:
        return {server_expired_pem, server_expired_der};
    case Identity::wrong_host:
        return {server_wrong_host_pem, server_wrong_host_der};
    case Identity::good:
        return {server_good_pem, server_good_der};
    }
    return {};
}

Encoded client_certificate(Identity identity) noexcept {
    using namespace certificates;
    switch (identity) {
    case Identity::none:
        break;
    case Identity::self_signed:
        return {client_self_signed_pem, client_self_signed_der};
    case Identity::expired:
        return {client_expired_pem, client_expired_der};
    case Identity::wrong_host:
        return {client_wrong_host_pem, client_wrong_host_der};
    case Identity::good:
        return {client_good_pem, client_good_der};
    }
    return {};
}

}  // namespace

Credentials credentials_of(scenario::Side side, Identity identity) noexcept {
    using namespace certificates;
    if (identity == Identity::none) {
        return {};
    }
    if (side == scenario::Side::server) {
        return {server_certificate(identity), {server_key_pem, server_key_der}};
    }
    return {client_certificate(identity), {client_key_pem, client_key_der}};
}

Encoded authority_of(scenario::Trust trust) noexcept {
    using namespace certificates;
    switch (trust) {
    case scenario::Trust::none:
        return {};
    case scenario::Trust::wrong:
        return {wrong_root_pem, wrong_root_der};
    case scenario::Trust::right:
        return {root_pem, root_der};
    }
    return {};
}

}  // namespace shimfuzz::harness
