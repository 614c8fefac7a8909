// One HTTP/1.1 connection that never blocks, for a load generator that must cost little itself.
//
//   ATTUNE_TRY(Address address, resolve("127.0.0.1", 8080));
//   ATTUNE_TRY(Connection connection, Connection::open(address));
//   connection.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");   // what does not fit now goes out later
//   connection.flush();                                     // when the socket is writable
//   connection.receive();                                   // when it is readable; input() grows
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <netinet/in.h>

#include "base/result.h"

namespace attune::load {

struct Address {
  sockaddr_in socket{};
  std::string host;  // for the Host header
};

// IPv4 in numbers; the load goes to this machine.
Result<Address> resolve(const std::string& host, int port);

// Microseconds that only grow.
std::int64_t now_us();

class Connection {
 public:
  static Result<Connection> open(const Address& address);
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;
  ~Connection();

  int file() const { return file_; }
  bool has_output() const { return sent_ < output_.size(); }
  void send(std::string_view bytes);
  Result<void> flush();
  // False: the other end has closed.
  Result<bool> receive();
  std::string_view input() const { return std::string_view(input_).substr(read_); }
  void consume(std::size_t bytes);

 private:
  explicit Connection(int file) : file_(file) {}
  int file_ = -1;
  std::string output_, input_;
  std::size_t sent_ = 0;  // of output_
  std::size_t read_ = 0;  // of input_
};

// The answer at the front of `input`, if it is whole: its status and its size with the head.
struct Answer {
  int status = 0;
  std::size_t size = 0;
};
enum class Parsed { whole, partial, unreadable };
Parsed parse_answer(std::string_view input, Answer& answer);

}  // namespace attune::load
