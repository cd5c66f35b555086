// SPDX-License-Identifier: Apache-2.0

#include "harness/role_stream.hpp"

#include "harness/payload.hpp"

#include <algorithm>
#include <array>

namespace shimfuzz::harness {
namespace {

using scenario::Role;
using scenario::Side;
using namespace std::string_view_literals;

constexpr std::string_view ws_request =
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: VVVVVVVVVVVVVVVVVVVVVQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
// RFC 6455, 4.2.2: of the key above, which is also what a client makes of random_byte.
constexpr std::string_view ws_answer =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: L2e7fQDZ1RVAJPYpkdTlAHHf6Ts=\r\n\r\n";
// More than a scenario sends, and less than lws 5.0 takes of a body unasked (100 MiB).
constexpr std::string_view http_request =
    "POST / HTTP/1.1\r\nHost: aa\r\nContent-Length: 100000000\r\n\r\n";
constexpr std::string_view http_answer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000000000\r\n\r\n";

// A final binary frame (RFC 6455, 5.2). A client masks what it sends; with zeros.
constexpr std::uint64_t frame_payload = 100;
constexpr std::string_view frame_of_server = "\x82\x64"sv;
constexpr std::string_view frame_of_client = "\x82\xe4\0\0\0\0"sv;

std::array<std::uint8_t, scenario::size_max> bytes_at;

std::string_view opening_of(Side side, Role role) noexcept {
    switch (role) {
    case Role::raw:
        return {};
    case Role::ws:
        return side == Side::server ? ws_request : ws_answer;
    case Role::http:
        return side == Side::server ? http_request : http_answer;
    }
    return {};
}

}  // namespace

RoleStream::RoleStream(Side side, Role role) noexcept
    : side_{side}, role_{role}, listener_{role}, opening_{opening_of(side, role)} {
    if (role == Role::ws) {
        frame_head_ = side == Side::server ? frame_of_client : frame_of_server;
    }
}

// A server answers what it was asked. A WebSocket client sends nothing after its request before it
// was answered (RFC 6455, 4.1).
std::uint32_t RoleStream::admits(std::uint64_t position, std::uint64_t accepted,
                                 std::uint32_t size) const noexcept {
    const bool in_opening = position < opening_.size();
    const bool was_asked = listens_ ? opening_is_over_ : accepted > 0;
    if (side_ == Side::client && in_opening && !was_asked) {
        return 0;
    }
    if (side_ == Side::server && role_ == Role::ws) {
        const auto rest = static_cast<std::uint32_t>(opening_.size() - position);
        if (in_opening) {
            return std::min(size, rest);
        }
        return opening_is_over_ ? size : 0;
    }
    return size;
}

// The head of the request or of the answer is what the peer waits for.
bool RoleStream::hear(std::span<const std::uint8_t> bytes) noexcept {
    const bool is_right = listener_.hear(bytes);
    opening_is_over_ = listener_.head_is_over();
    return is_right;
}

std::uint32_t RoleStream::opening_size() const noexcept {
    return static_cast<std::uint32_t>(opening_.size());
}

model::PeerStream RoleStream::shape() const noexcept {
    return {.opening = opening_size(),
            .frame_head = static_cast<std::uint32_t>(frame_head_.size()),
            .frame_payload = static_cast<std::uint32_t>(frame_payload)};
}

std::uint64_t RoleStream::payload_before(std::uint64_t position) const noexcept {
    if (position <= opening_.size()) {
        return 0;
    }
    const std::uint64_t after = position - opening_.size();
    if (frame_head_.empty()) {
        return after;
    }
    const std::uint64_t frame = frame_head_.size() + frame_payload;
    const std::uint64_t inside = after % frame;
    const std::uint64_t of_last =
        inside > frame_head_.size() ? inside - frame_head_.size() : std::uint64_t{0};
    return after / frame * frame_payload + of_last;
}

std::uint64_t RoleStream::whole_payload_before(std::uint64_t position) const noexcept {
    const std::uint64_t bytes = payload_before(position);
    return frame_head_.empty() ? bytes : bytes / frame_payload * frame_payload;
}

// Byte by byte this was a seventh of all that a scenario cost.
std::span<const std::uint8_t> RoleStream::run_at(std::uint64_t position,
                                                 std::size_t size_max) const noexcept {
    const auto part_of = [&](std::string_view text, std::uint64_t from) {
        const std::string_view part = text.substr(static_cast<std::size_t>(from), size_max);
        return std::span{reinterpret_cast<const std::uint8_t*>(part.data()), part.size()};
    };
    if (position < opening_.size()) {
        return part_of(opening_, position);
    }
    if (frame_head_.empty()) {
        return payload(payload_before(position), size_max);
    }
    const std::uint64_t frame = frame_head_.size() + frame_payload;
    const std::uint64_t inside = (position - opening_.size()) % frame;
    if (inside < frame_head_.size()) {
        return part_of(frame_head_, inside);
    }
    return payload(payload_before(position),
                   static_cast<std::size_t>(std::min<std::uint64_t>(size_max, frame - inside)));
}

std::span<const std::uint8_t> RoleStream::at(std::uint64_t position, std::size_t size) noexcept {
    if (opening_.empty() && frame_head_.empty()) {
        return payload(position, size);
    }
    const std::span<std::uint8_t> bytes = std::span{bytes_at}.first(size);
    for (std::size_t done = 0; done < size;) {
        const std::span<const std::uint8_t> run = run_at(position + done, size - done);
        std::ranges::copy(run, bytes.begin() + static_cast<std::ptrdiff_t>(done));
        done += run.size();
    }
    return bytes;
}

}  // namespace shimfuzz::harness
