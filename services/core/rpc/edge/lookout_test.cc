// A look comes before a read wherever nobody has looked, and gRPC reads by what asks for it.
#include "services/core/rpc/edge/lookout.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string>

namespace entente::rpc {
namespace {

using std::chrono::milliseconds;

class LookoutTest : public ::testing::Test {
 protected:
  LookoutTest() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0); }
  ~LookoutTest() override {
    for (int end : ends_) ::close(end);
  }
  // What a read of one byte gives.
  char Read() {
    char byte = 0;
    iovec buffer{&byte, 1};
    msghdr message{};
    message.msg_iov = &buffer;
    message.msg_iovlen = 1;
    EXPECT_EQ(::write(ends_[0], "b", 1), 1);
    EXPECT_EQ(::recvmsg(ends_[1], &message, 0), 1);
    return byte;
  }
  std::array<int, 2> ends_{};
  std::atomic<int> looks_{0};
};

TEST_F(LookoutTest, WhereALookIsLateAReadBringsIt) {
  {
    const Lookout lookout([this] { ++looks_; }, milliseconds(0));
    const int before = looks_;
    EXPECT_EQ(Read(), 'b');
    EXPECT_EQ(looks_, before + 1);
    EXPECT_EQ(Read(), 'b');
    EXPECT_EQ(looks_, before + 2);
  }
  const int before = looks_;
  EXPECT_EQ(Read(), 'b') << "with nobody on the lookout";
  EXPECT_EQ(looks_, before);
}

TEST_F(LookoutTest, ALookThatIsNotLateIsNotRepeated) {
  Lookout lookout([this] { ++looks_; }, std::chrono::hours(1));
  EXPECT_EQ(Read(), 'b');
  EXPECT_EQ(looks_, 0);
  lookout.Look();
  EXPECT_EQ(Read(), 'b');
  EXPECT_EQ(looks_, 1);
}

TEST_F(LookoutTest, EachOfSeveralIsAsked) {
  std::atomic<int> others{0};
  const Lookout patient([this] { ++looks_; }, std::chrono::hours(1));
  const Lookout late([&] { ++others; }, milliseconds(0));
  const int before = others;
  Read();
  EXPECT_EQ(others, before + 1);
  EXPECT_EQ(looks_, 0);
}

TEST_F(LookoutTest, GrpcReadsByIt) {
  const Lookout lookout([this] { ++looks_; }, milliseconds(0));
  grpc::CallbackGenericService service;
  grpc::ServerBuilder builder;
  builder.RegisterCallbackGenericService(&service);
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  const auto server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);
  const int before = looks_;
  const auto channel =
      grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials());
  EXPECT_TRUE(
      channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(30)));
  EXPECT_GT(looks_, before) << "this gRPC reads otherwise: floods are bounded by luck alone";
}

}  // namespace
}  // namespace entente::rpc
