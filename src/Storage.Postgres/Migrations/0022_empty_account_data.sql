-- Account data without a byte is no JSON: following a room's upgrade wrote it over m.direct. Who finds none there keeps what his clients remember of it.
DELETE FROM account_data WHERE length(json) = 0;
