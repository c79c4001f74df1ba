<?php
declare(strict_types=1);

function verify_pass(string $token, array $keySet, string $issuer, string $audience, ?int $now = null): array
{
    $now ??= time();
    $refuseIf = fn (bool $wrong, string $why) => $wrong && throw new RuntimeException($why);
    $decode = fn (string $part) => sodium_base642bin($part, SODIUM_BASE64_VARIANT_URLSAFE_NO_PADDING);
    $refuseIf(strlen($token) > 2048 || substr_count($token, '.') !== 2, 'not a signed JWT');
    [$header, $body, $signature] = array_map($decode, explode('.', $token));
    $header = json_decode($header, true);
    $claims = json_decode($body, true);
    $refuseIf(($header['alg'] ?? null) !== 'EdDSA', 'another algorithm');
    $refuseIf(($header['typ'] ?? null) !== 'adm+jwt' || array_key_exists('crit', $header), 'not a pass');
    $x = array_column($keySet['keys'], 'x', 'kid')[$header['kid'] ?? ''] ?? null;
    $refuseIf($x === null, 'unknown key');
    $signed = substr($token, 0, strrpos($token, '.'));
    $refuseIf(!sodium_crypto_sign_verify_detached($signature, $signed, $decode($x)), 'bad signature');
    $is = fn (string $name, string $form) => is_string($claims[$name] ?? null) && preg_match($form, $claims[$name]);
    $refuseIf(!$is('jti', '/^[0-9a-f]{32}$/D') || !$is('ags', '/^[0-9]{8}$/D'), 'bad claims');
    $refuseIf(array_key_exists('sub', $claims) && !$is('sub', '/^[\w-]{22}$/D'), 'bad claims');
    foreach (['iat', 'nbf', 'exp', 'seats'] as $name) {
        $refuseIf(!is_int($claims[$name] ?? null), 'bad claims');
    }
    $refuseIf($claims['exp'] <= $claims['iat'] || !in_array($claims['seats'], [1, 2, 3, 4], true), 'bad claims');
    $refuseIf(($claims['iss'] ?? null) !== $issuer, 'another issuer');
    $refuseIf(($claims['aud'] ?? null) !== $audience, 'another campaign');
    $refuseIf($claims['nbf'] > $now + 5 || $now >= $claims['exp'] + 5, 'not valid now');
    return $claims;
}
