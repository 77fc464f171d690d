package dev.earshot.proxy;

import io.netty.channel.Channel;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.channels.spi.SelectorProvider;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * How sockets are driven, and names looked up.
 *
 * @param handlers for event loops
 * @param server makes a listener, not bound yet, for one family of addresses: a socket for both
 *     would take 0.0.0.0 for all addresses of IPv6 as well
 * @param client makes a connection, not connected yet
 * @param names finds the addresses of names
 */
record Transport(
    IoHandlerFactory handlers,
    Function<SocketProtocolFamily, ServerChannel> server,
    Supplier<Channel> client,
    Resolver.Names names) {
  /** Native epoll where its library can be loaded, otherwise the JDK's selectors. */
  static Transport best() {
    return Epoll.isAvailable()
        ? new Transport(
            EpollIoHandler.newFactory(),
            EpollServerSocketChannel::new,
            EpollSocketChannel::new,
            InetAddress::getAllByName)
        : portable();
  }

  /** A listener for an address. */
  ServerChannel server(InetAddress address) {
    return server.apply(
        address instanceof Inet4Address ? SocketProtocolFamily.INET : SocketProtocolFamily.INET6);
  }

  /** The JDK's selectors. */
  static Transport portable() {
    return new Transport(
        NioIoHandler.newFactory(),
        family -> new NioServerSocketChannel(SelectorProvider.provider(), family),
        NioSocketChannel::new,
        InetAddress::getAllByName);
  }

  /** The same with another way to look names up. */
  Transport with(Resolver.Names other) {
    return new Transport(handlers, server, client, other);
  }
}
