package dev.earshot.proxy;

import io.netty.channel.Channel;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;

/**
 * How sockets are driven.
 *
 * @param handlers for event loops
 * @param server the type of a listener
 * @param client the type of a connection
 */
record Transport(
    IoHandlerFactory handlers,
    Class<? extends ServerChannel> server,
    Class<? extends Channel> client) {
  /** Native epoll where its library can be loaded, otherwise the JDK's selectors. */
  static Transport best() {
    return Epoll.isAvailable()
        ? new Transport(
            EpollIoHandler.newFactory(), EpollServerSocketChannel.class, EpollSocketChannel.class)
        : portable();
  }

  /** The JDK's selectors. */
  static Transport portable() {
    return new Transport(
        NioIoHandler.newFactory(), NioServerSocketChannel.class, NioSocketChannel.class);
  }
}
