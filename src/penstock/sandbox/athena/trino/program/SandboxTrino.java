import io.trino.plugin.hive.HiveConnectorFactory;
import io.trino.plugin.iceberg.IcebergPlugin;
import io.trino.server.testing.TestingTrinoServer;
import io.trino.spi.Plugin;
import io.trino.spi.connector.ConnectorFactory;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Collectors;

/**
 * Trino in one process, with the connectors of Hive and Iceberg.
 *
 * <p>Usage: SandboxTrino FOLDER. {@code FOLDER/server.properties} are the server's settings,
 * {@code FOLDER/catalog/NAME.properties} those of a catalog; {@code FOLDER/data} is written in. Ends
 * when its standard input does, and so with whoever started it, however that ends.
 */
public final class SandboxTrino {
    private SandboxTrino() {}

    public static void main(String[] arguments) {
        try {
            serve(Path.of(arguments[0]));
        } catch (Throwable failed) {
            // Trino's threads would go on without it.
            failed.printStackTrace();
            Runtime.getRuntime().halt(1);
        }
    }

    private static void serve(Path folder) throws IOException {
        Thread watch = new Thread(SandboxTrino::endWithInput);
        watch.setDaemon(true);
        watch.start();
        TestingTrinoServer server = TestingTrinoServer.builder()
                .setProperties(properties(folder.resolve("server.properties")))
                .setBaseDataDir(Optional.of(folder.resolve("data")))
                .build();
        server.installPlugin(new HivePlugin());
        server.installPlugin(new IcebergPlugin());
        try (DirectoryStream<Path> found =
                Files.newDirectoryStream(folder.resolve("catalog"), "*.properties")) {
            for (Path file : found) {
                Map<String, String> settings = properties(file);
                String connector = settings.remove("connector.name");
                String name = file.getFileName().toString().replace(".properties", "");
                server.createCatalog(name, connector, settings);
            }
        }
        System.out.println("READY " + server.getBaseUrl());
    }

    private static void endWithInput() {
        try {
            while (System.in.read() >= 0) {
                // Nobody writes: all that counts is its end.
            }
        } catch (IOException closed) {
            // The same as its end.
        }
        Runtime.getRuntime().halt(0);
    }

    private static Map<String, String> properties(Path file) throws IOException {
        Properties read = new Properties();
        try (var in = Files.newInputStream(file)) {
            read.load(in);
        }
        return read.entrySet().stream()
                .collect(Collectors.toMap(e -> (String) e.getKey(), e -> (String) e.getValue()));
    }

    /** What Trino's own plugin of that name holds, which is published in archives only. */
    private static final class HivePlugin implements Plugin {
        @Override
        public Iterable<ConnectorFactory> getConnectorFactories() {
            return List.of(new HiveConnectorFactory("hive"));
        }
    }
}
