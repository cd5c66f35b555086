// SPDX-License-Identifier: Apache-2.0
//
// The reference shim as it would be used: an echo server and a client over real, non-blocking TCP
// sockets, against the openssl program. 16 MiB go each way through a small send buffer, and every
// byte is compared. What each single call promises is asked by reference_{io,settings,names}_test.

#include "reference_session.hpp"

#include <openssl/ssl.h>

#include <mbedtls/ssl.h>
#include <mbedtls/version.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace shimfuzz::tests;

namespace {

constexpr std::size_t transfer_size = 16u << 20;
constexpr int send_buffer_size = 4096;
constexpr std::size_t write_size_max = 40000;  // more than a record, so that fewer are taken
constexpr std::chrono::seconds transfer_time_max{60};
constexpr std::chrono::seconds start_time_max{10};
constexpr int port_tries_max = 5;

// Whether mbedTLS reports session tickets, as 3.6.0 always does and later ones on demand. The
// linker puts the function at the end of this file between the shim and mbedTLS.
[[maybe_unused]] bool tickets_are_reported = false;

using Clock = std::chrono::steady_clock;

// Byte `i` of the stream called `seed`: a function of position, so that bytes lost, doubled or
// moved are seen, in one stream or between two.
std::uint8_t content(std::uint64_t seed, std::size_t i) {
    std::uint64_t x = (i + 1) * 0x9e3779b97f4a7c15u + seed * 0xd1b54a32d192ed03u;
    x ^= x >> 29;
    x *= 0xbf58476d1ce4e5b9u;
    return static_cast<std::uint8_t>(x >> 56);
}

Bytes content_of(std::uint64_t seed, std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = content(seed, i);
    }
    return bytes;
}

// Compares a stream as it arrives.
class Comparer {
public:
    explicit Comparer(std::uint64_t seed) : seed_{seed} {}

    void arrived(std::span<const std::uint8_t> bytes) {
        for (std::uint8_t byte : bytes) {
            if (!differs_at_.has_value() && byte != content(seed_, count_)) {
                differs_at_ = count_;
            }
            ++count_;
        }
    }

    [[nodiscard]] std::size_t count() const { return count_; }

    void expect_exactly(std::size_t size) const {
        EXPECT_EQ(count_, size);
        EXPECT_FALSE(differs_at_.has_value()) << "first at byte " << *differs_at_;
    }

private:
    std::uint64_t seed_;
    std::size_t count_ = 0;
    std::optional<std::size_t> differs_at_;
};

struct Fd {
    int number = -1;

    Fd() = default;
    explicit Fd(int fd) : number{fd} {}
    Fd(Fd&& other) noexcept : number{std::exchange(other.number, -1)} {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(number, other.number);
        return *this;
    }
    ~Fd() { reset(); }

    void reset() {
        if (number >= 0) {
            ::close(number);
            number = -1;
        }
    }
    void unblock() const {
        EXPECT_EQ(fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK), 0);
    }
};

// The openssl program at work, with pipes to its standard input and output.
class Program {
public:
    explicit Program(std::vector<std::string> arguments) {
        std::array<int, 2> in;
        std::array<int, 2> out;
        EXPECT_EQ(pipe2(in.data(), O_CLOEXEC), 0);
        EXPECT_EQ(pipe2(out.data(), O_CLOEXEC), 0);
        arguments.insert(arguments.begin(), "openssl");
        std::vector<char*> argv;
        argv.reserve(arguments.size() + 1);
        for (std::string& argument : arguments) {
            argv.push_back(argument.data());
        }
        argv.push_back(nullptr);
        const std::string log = Certificates::instance().path("program.log");
        const int log_fd = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        pid_ = fork();
        if (pid_ == 0) {
            dup2(in[0], STDIN_FILENO);
            dup2(out[1], STDOUT_FILENO);
            dup2(log_fd, STDERR_FILENO);
            execvp(argv[0], argv.data());
            _exit(127);
        }
        EXPECT_GT(pid_, 0);
        close(in[0]);
        close(out[1]);
        close(log_fd);
        input = Fd{in[1]};
        output = Fd{out[0]};
        input.unblock();
        output.unblock();
    }
    ~Program() {
        if (!has_exited()) {
            kill(pid_, SIGKILL);
            waitpid(pid_, nullptr, 0);
        }
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    [[nodiscard]] bool has_exited() {
        exited_ = exited_ || waitpid(pid_, nullptr, WNOHANG) == pid_;
        return exited_;
    }

    // What it said about a failure.
    [[nodiscard]] static std::string log() {
        const Bytes text = file("program.log");
        return {text.begin(), text.end()};
    }

    Fd input;
    Fd output;

private:
    pid_t pid_ = -1;
    bool exited_ = false;
};

short events_for(int error) {
    if (error == SSL_ERROR_WANT_READ) {
        return POLLIN;
    }
    return error == SSL_ERROR_WANT_WRITE ? POLLOUT : 0;
}

// One end of a TLS connection under a poll loop: sends what it is given, hands on what it receives.
class Endpoint {
public:
    Endpoint(SSL_CTX* ctx, Fd socket, int (*handshake)(SSL*))
        : socket_{std::move(socket)}, ssl_{SSL_new(ctx)}, handshake_{handshake} {
        socket_.unblock();
        EXPECT_EQ(SSL_set_fd(ssl_.get(), socket_.number), 1);
    }

    std::function<void(std::span<const std::uint8_t>)> on_received;

    void send(std::span<const std::uint8_t> bytes) {
        unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
    }

    // Asks for close_notify, once everything is sent.
    void close() { closing_ = true; }

    // Does all that can be done without waiting.
    void run() {
        if (!established_) {
            const int done = handshake_(ssl_.get());
            established_ = done == 1;
            note(done, handshake_error_);
        }
        if (established_) {
            write_all();
            read_all();
            write_all();
            close_if_asked();
        }
    }

    // What the poll loop is to wait for.
    [[nodiscard]] pollfd interest() const {
        const int events = events_for(handshake_error_) | events_for(read_error_) |
                           events_for(write_error_) | events_for(shutdown_error_);
        return {.fd = socket_.number, .events = static_cast<short>(events), .revents = 0};
    }

    [[nodiscard]] SSL* ssl() const { return ssl_.get(); }
    [[nodiscard]] bool established() const { return established_; }
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] bool everything_sent() const { return sent_ == unsent_.size(); }
    [[nodiscard]] std::size_t blocked_writes() const { return blocked_writes_; }
    [[nodiscard]] bool closed_by_both() const {
        return SSL_get_shutdown(ssl_.get()) == (SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }
    [[nodiscard]] bool closed_by_peer() const {
        return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
    }

private:
    // Remembers in `error` what a call waits for, or that it failed.
    void note(int returned, int& error) {
        error = SSL_get_error(ssl_.get(), returned);
        failed_ = failed_ || error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL;
    }

    void write_all() {
        while (!everything_sent() && !failed_) {
            // What is outstanding is repeated as it was, though more may have been added since.
            if (outstanding_ == 0) {
                outstanding_ = std::min(unsent_.size() - sent_, write_size_max);
            }
            const int count =
                SSL_write(ssl_.get(), unsent_.data() + sent_, static_cast<int>(outstanding_));
            note(count, write_error_);
            if (count <= 0) {
                ++blocked_writes_;
                return;
            }
            sent_ += static_cast<std::size_t>(count);
            outstanding_ = 0;
        }
    }

    void read_all() {
        std::array<std::uint8_t, 5000> buffer;
        while (!failed_) {
            const int count = SSL_read(ssl_.get(), buffer.data(), buffer.size());
            note(count, read_error_);
            if (count <= 0) {
                return;
            }
            on_received({buffer.data(), static_cast<std::size_t>(count)});
        }
    }

    void close_if_asked() {
        if (closing_ && everything_sent() && !failed_) {
            note(SSL_shutdown(ssl_.get()), shutdown_error_);
        }
    }

    Fd socket_;
    Ssl ssl_;
    int (*handshake_)(SSL*);
    bool established_ = false;
    bool closing_ = false;
    bool failed_ = false;
    int handshake_error_ = SSL_ERROR_NONE;
    int read_error_ = SSL_ERROR_NONE;
    int write_error_ = SSL_ERROR_NONE;
    int shutdown_error_ = SSL_ERROR_NONE;
    Bytes unsent_;  // all of it, from the first byte on
    std::size_t sent_ = 0;
    std::size_t outstanding_ = 0;
    std::size_t blocked_writes_ = 0;
};

// Everything a test waits for: an endpoint of ours, the program at the other end, its pipes.
class Loop {
public:
    Loop(Endpoint& endpoint, Program& program, std::uint64_t input_seed, std::uint64_t output_seed)
        : endpoint_{endpoint},
          program_{program},
          input_{content_of(input_seed, transfer_size)},
          output_{output_seed} {}

    // Goes round until `done`, the endpoint fails or time is up; returns whether it is done.
    bool run_until(const std::function<bool()>& done) {
        const Clock::time_point deadline = Clock::now() + transfer_time_max;
        for (;;) {
            endpoint_.run();
            feed();
            drain();
            if (done()) {
                return true;
            }
            if (endpoint_.failed() || Clock::now() > deadline) {
                ADD_FAILURE() << (endpoint_.failed() ? "the connection failed" : "time is up")
                              << ": fed " << fed_ << ", drained " << output_.count()
                              << "\nopenssl said: " << Program::log();
                return false;
            }
            wait();
        }
    }

    [[nodiscard]] const Comparer& output() const { return output_; }

private:
    void feed() {
        while (fed_ < input_.size()) {
            const ssize_t count =
                write(program_.input.number, input_.data() + fed_, input_.size() - fed_);
            if (count <= 0) {
                return;
            }
            fed_ += static_cast<std::size_t>(count);
        }
    }

    void drain() {
        std::array<std::uint8_t, 65536> buffer;
        ssize_t count;
        while ((count = read(program_.output.number, buffer.data(), buffer.size())) > 0) {
            output_.arrived({buffer.data(), static_cast<std::size_t>(count)});
        }
        program_output_ended_ = program_output_ended_ || count == 0;
    }

    void wait() const {
        std::array<pollfd, 3> fds = {
            endpoint_.interest(),
            pollfd{.fd = fed_ < input_.size() ? program_.input.number : -1,
                   .events = POLLOUT,
                   .revents = 0},
            pollfd{.fd = program_output_ended_ ? -1 : program_.output.number,
                   .events = POLLIN,
                   .revents = 0}};
        constexpr int milliseconds = 1000;
        poll(fds.data(), fds.size(), milliseconds);
    }

    Endpoint& endpoint_;
    Program& program_;
    Bytes input_;
    std::size_t fed_ = 0;
    Comparer output_;
    bool program_output_ended_ = false;
};

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

Fd tcp_socket() {
    Fd fd{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    EXPECT_GE(fd.number, 0);
    EXPECT_EQ(
        setsockopt(fd.number, SOL_SOCKET, SO_SNDBUF, &send_buffer_size, sizeof send_buffer_size),
        0);
    return fd;
}

// Binds `fd` to a port that is free; returns it.
std::uint16_t bind_anywhere(const Fd& fd) {
    sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    EXPECT_EQ(bind(fd.number, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(getsockname(fd.number, reinterpret_cast<sockaddr*>(&address), &length), 0);
    return ntohs(address.sin_port);
}

std::string address_of(std::uint16_t port) {
    return "127.0.0.1:" + std::to_string(port);
}

// Waits for the program to connect.
Fd accept_soon(const Fd& listener) {
    pollfd fd = {.fd = listener.number, .events = POLLIN, .revents = 0};
    const auto milliseconds = std::chrono::milliseconds(start_time_max).count();
    if (poll(&fd, 1, static_cast<int>(milliseconds)) != 1) {
        ADD_FAILURE() << "nobody connects\nopenssl said: " << Program::log();
        return Fd{};
    }
    return Fd{accept4(listener.number, nullptr, nullptr, SOCK_CLOEXEC)};
}

// A server program, and a socket connected to it. A port cannot be reserved for another program, so
// one that somebody else has taken meanwhile is given up for the next.
struct ServerProgram {
    std::unique_ptr<Program> program;
    Fd socket;

    explicit ServerProgram(const std::vector<std::string>& arguments) {
        for (int i = 0; i < port_tries_max && socket.number < 0; ++i) {
            const std::uint16_t port = bind_anywhere(tcp_socket());
            std::vector<std::string> all = {"s_server", "-accept", address_of(port)};
            all.insert(all.end(), arguments.begin(), arguments.end());
            program = std::make_unique<Program>(all);
            socket = connect_soon(port);
        }
        EXPECT_GE(socket.number, 0) << "openssl said: " << Program::log();
    }

private:
    Fd connect_soon(std::uint16_t port) const {
        const sockaddr_in address = loopback(port);
        const Clock::time_point deadline = Clock::now() + start_time_max;
        while (Clock::now() < deadline && !program->has_exited()) {
            Fd fd = tcp_socket();
            if (connect(fd.number, reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
                0) {
                return fd;
            }
            poll(nullptr, 0, 10);
        }
        return Fd{};
    }
};

// Until it is established or has failed.
void run_handshake(Endpoint& endpoint) {
    const Clock::time_point deadline = Clock::now() + start_time_max;
    while (!endpoint.established() && !endpoint.failed() && Clock::now() < deadline) {
        pollfd fd = endpoint.interest();
        constexpr int milliseconds = 100;
        poll(&fd, 1, milliseconds);
        endpoint.run();
    }
}

bool exits_soon(Program& program) {
    const Clock::time_point deadline = Clock::now() + start_time_max;
    while (!program.has_exited() && Clock::now() < deadline) {
        poll(nullptr, 0, 10);
    }
    return program.has_exited();
}

std::vector<const char*> versions() {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000 && defined(MBEDTLS_SSL_PROTO_TLS1_3)
    return {"-tls1_2", "-tls1_3"};
#else
    return {"-tls1_2"};
#endif
}

std::string path(const std::string& name) {
    return Certificates::instance().path(name);
}

Ctx server_ctx() {
    Ctx ctx = new_server();
    identify(ctx.get(), "server");
    return ctx;
}

Ctx client_ctx() {
    Ctx ctx = new_client();
    EXPECT_EQ(trust(ctx.get(), file("root.pem")), 1);
    SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_PEER, nullptr);
    return ctx;
}

class ReferenceLoopback : public ReferenceTest, public ::testing::WithParamInterface<const char*> {
protected:
    void SetUp() override {
        ReferenceTest::SetUp();
        // A program that ends early must fail a test, not end it.
        std::signal(SIGPIPE, SIG_IGN);
    }
};

TEST_P(ReferenceLoopback, a_server_echoes_every_byte_and_the_client_closes) {
    const Fd listener = tcp_socket();
    const std::uint16_t port = bind_anywhere(listener);
    ASSERT_EQ(listen(listener.number, 1), 0);
    // It must not take its input for commands, but close at its end.
    Program program({"s_client", "-connect", address_of(port), GetParam(), "-nbio", "-quiet",
                     "-nocommands", "-no_ign_eof", "-servername", "localhost", "-CAfile",
                     path("root.pem"), "-verify_return_error"});
    Fd socket = accept_soon(listener);
    ASSERT_GE(socket.number, 0);

    const auto ctx = server_ctx();
    Endpoint server(ctx.get(), std::move(socket), SSL_accept);
    server.on_received = [&server](std::span<const std::uint8_t> bytes) { server.send(bytes); };
    constexpr std::uint64_t seed = 1;
    Loop loop(server, program, seed, seed);
    ASSERT_TRUE(loop.run_until([&] { return loop.output().count() >= transfer_size; }));
    EXPECT_GT(server.blocked_writes(), 0u) << "the send buffer was never full";

    program.input.reset();
    ASSERT_TRUE(loop.run_until([&] { return server.closed_by_peer(); }));
    server.close();
    ASSERT_TRUE(loop.run_until([&] { return server.closed_by_both(); }));
    EXPECT_TRUE(exits_soon(program));
    loop.output().expect_exactly(transfer_size);
}

// How often `pattern` is in the file `name`.
std::size_t occurrences(const std::string& name, const std::string& pattern) {
    const Bytes text = file(name);
    std::size_t count = 0;
    for (auto at = text.begin();
         (at = std::search(at, text.end(), pattern.begin(), pattern.end())) != text.end(); ++at) {
        ++count;
    }
    return count;
}

// Sends and receives everything at once, and closes.
void transfer_as_client(const char* version) {
    ServerProgram server({version, "-nbio", "-quiet", "-naccept", "1", "-cert", path("server.pem"),
                          "-key", path("server.key"), "-msg", "-msgfile", path("messages")});
    ASSERT_GE(server.socket.number, 0);
    const auto ctx = client_ctx();
    Endpoint client(ctx.get(), std::move(server.socket), SSL_connect);
    ASSERT_EQ(SSL_set_tlsext_host_name(client.ssl(), "localhost"), 1);
    ASSERT_EQ(SSL_set1_host(client.ssl(), "localhost"), 1);

    constexpr std::uint64_t from_client = 2;
    constexpr std::uint64_t from_server = 3;
    Comparer received(from_server);
    client.on_received = [&](std::span<const std::uint8_t> bytes) { received.arrived(bytes); };
    client.send(content_of(from_client, transfer_size));
    Loop loop(client, *server.program, from_server, from_client);
    ASSERT_TRUE(loop.run_until([&] {
        return loop.output().count() >= transfer_size && received.count() >= transfer_size;
    }));
    EXPECT_GT(client.blocked_writes(), 0u) << "the send buffer was never full";
    EXPECT_EQ(SSL_get_verify_result(client.ssl()), X509_V_OK);

    client.close();
    ASSERT_TRUE(loop.run_until([&] { return client.closed_by_both(); }));
    EXPECT_TRUE(exits_soon(*server.program));
    loop.output().expect_exactly(transfer_size);
    received.expect_exactly(transfer_size);
    EXPECT_EQ(occurrences("messages", "warning close_notify"), 2u) << "ours, and the server's own";
}

TEST_P(ReferenceLoopback, a_client_sends_and_receives_every_byte_and_closes) {
    transfer_as_client(GetParam());
}

#if defined(MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED)
// A ticket comes while a write is outstanding; mbedTLS sends that on the way to the ticket.
TEST_P(ReferenceLoopback, tickets_cost_a_client_no_byte) {
    tickets_are_reported = true;
    transfer_as_client(GetParam());
    tickets_are_reported = false;
}
#endif

TEST_P(ReferenceLoopback, a_server_whose_certificate_is_for_clients_is_refused) {
    ServerProgram server({GetParam(), "-quiet", "-naccept", "1", "-cert", path("client.pem"),
                          "-key", path("client.key")});
    ASSERT_GE(server.socket.number, 0);
    const auto ctx = client_ctx();
    Endpoint client(ctx.get(), std::move(server.socket), SSL_connect);
    run_handshake(client);
    EXPECT_TRUE(client.failed());
    EXPECT_EQ(SSL_get_verify_result(client.ssl()), X509_V_ERR_INVALID_PURPOSE);
}

// RFC 8996. openssl itself must be talked into it.
TEST_P(ReferenceLoopback, a_client_of_tls_1_1_is_refused) {
    const Fd listener = tcp_socket();
    const std::uint16_t port = bind_anywhere(listener);
    ASSERT_EQ(listen(listener.number, 1), 0);
    Program program({"s_client", "-connect", address_of(port), "-tls1_1", "-cipher",
                     "ALL:@SECLEVEL=0", "-quiet"});
    Fd socket = accept_soon(listener);
    ASSERT_GE(socket.number, 0);
    const auto ctx = server_ctx();
    Endpoint server(ctx.get(), std::move(socket), SSL_accept);
    run_handshake(server);
    EXPECT_TRUE(server.failed());
    EXPECT_FALSE(server.established());
}

INSTANTIATE_TEST_SUITE_P(Version, ReferenceLoopback, ::testing::ValuesIn(versions()),
                         [](const ::testing::TestParamInfo<const char*>& version) {
                             return std::string(version.param + 1);
                         });

}  // namespace

// By the linker's --wrap.
extern "C" {

int __real_mbedtls_ssl_config_defaults(mbedtls_ssl_config* configuration, int endpoint,
                                       int transport, int preset);

int __wrap_mbedtls_ssl_config_defaults(mbedtls_ssl_config* configuration, int endpoint,
                                       int transport, int preset) {
    const int code = __real_mbedtls_ssl_config_defaults(configuration, endpoint, transport, preset);
#if defined(MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED)
    if (tickets_are_reported) {
        mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
            configuration, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
    }
#endif
    return code;
}
}
