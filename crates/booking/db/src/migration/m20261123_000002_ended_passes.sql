-- When a pass was given back: since then nothing new begins with it. Old programs neither read nor
-- write it, so during a rolling update they may still let such a pass begin something.
ALTER TABLE pass_use ADD COLUMN ended_at_ms {bigint};
