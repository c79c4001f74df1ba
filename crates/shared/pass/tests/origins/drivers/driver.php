<?php
require $argv[1];
[$keySet, $issuer, $audience] = $cases = explode("\n", rtrim(stream_get_contents(STDIN), "\n"));
foreach (array_slice($cases, 3) as $line) {
    [$now, $token] = explode(' ', $line);
    try {
        $claims = verify_pass($token, json_decode($keySet, true), $issuer, $audience, (int) $now);
        echo "accepted {$claims['jti']} {$claims['seats']}\n";
    } catch (Throwable $error) {
        echo $error->getMessage() === 'unknown key' ? "unknown key\n" : "refused\n";
    }
}
