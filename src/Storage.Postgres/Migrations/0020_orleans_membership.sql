-- The silos of the cluster, for Microsoft.Orleans.Clustering.AdoNet. It finds its queries in orleansquery by their keys, and reads results by column name. A change
-- of the members raises the version of the list from the one that the silo has read, or does nothing: so all silos agree on one order of changes.
CREATE TABLE IF NOT EXISTS orleansquery (querykey text COLLATE "C" NOT NULL PRIMARY KEY, querytext text NOT NULL);

CREATE TABLE orleans_membership_version (deployment_id text COLLATE "C" NOT NULL PRIMARY KEY, version integer NOT NULL);

CREATE TABLE orleans_membership (
    deployment_id text COLLATE "C" NOT NULL REFERENCES orleans_membership_version,
    address text COLLATE "C" NOT NULL,
    port integer NOT NULL,
    generation integer NOT NULL,
    silo_name text NOT NULL,
    host_name text NOT NULL,
    status integer NOT NULL,
    proxy_port integer NOT NULL,
    suspect_times text,
    start_time timestamptz NOT NULL,
    i_am_alive_time timestamptz NOT NULL,
    PRIMARY KEY (deployment_id, address, port, generation));

INSERT INTO orleansquery (querykey, querytext) VALUES
('InsertMembershipVersionKey', $$
    WITH made AS (INSERT INTO orleans_membership_version (deployment_id, version) VALUES (@DeploymentId, 0) ON CONFLICT DO NOTHING RETURNING 1)
    SELECT count(*)::int FROM made$$),
('InsertMembershipKey', $$
    WITH raised AS (
        UPDATE orleans_membership_version SET version = version + 1
        WHERE deployment_id = @DeploymentId AND version = @Version
            AND NOT EXISTS (SELECT 1 FROM orleans_membership m
                WHERE m.deployment_id = @DeploymentId AND m.address = @Address AND m.port = @Port AND m.generation = @Generation)
        RETURNING 1),
    added AS (
        INSERT INTO orleans_membership
            (deployment_id, address, port, generation, silo_name, host_name, status, proxy_port, start_time, i_am_alive_time)
        SELECT @DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM raised
        RETURNING 1)
    SELECT count(*)::int FROM added$$),
('UpdateMembershipKey', $$
    WITH raised AS (
        UPDATE orleans_membership_version SET version = version + 1
        WHERE deployment_id = @DeploymentId AND version = @Version
            AND EXISTS (SELECT 1 FROM orleans_membership m
                WHERE m.deployment_id = @DeploymentId AND m.address = @Address AND m.port = @Port AND m.generation = @Generation)
        RETURNING 1),
    changed AS (
        UPDATE orleans_membership SET status = @Status, suspect_times = @SuspectTimes, i_am_alive_time = @IAmAliveTime
        FROM raised
        WHERE deployment_id = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation
        RETURNING 1)
    SELECT count(*)::int FROM changed$$),
('UpdateIAmAlivetimeKey', $$
    UPDATE orleans_membership SET i_am_alive_time = @IAmAliveTime
    WHERE deployment_id = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation$$),
('MembershipReadRowKey', $$
    SELECT v.deployment_id AS DeploymentId, m.address AS Address, m.port AS Port, m.generation AS Generation, m.silo_name AS SiloName,
        m.host_name AS HostName, m.status AS Status, m.proxy_port AS ProxyPort, m.suspect_times AS SuspectTimes, m.start_time AS StartTime,
        m.i_am_alive_time AS IAmAliveTime, v.version AS Version
    FROM orleans_membership_version v
    LEFT JOIN orleans_membership m ON m.deployment_id = v.deployment_id AND m.address = @Address AND m.port = @Port AND m.generation = @Generation
    WHERE v.deployment_id = @DeploymentId$$),
('MembershipReadAllKey', $$
    SELECT v.deployment_id AS DeploymentId, m.address AS Address, m.port AS Port, m.generation AS Generation, m.silo_name AS SiloName,
        m.host_name AS HostName, m.status AS Status, m.proxy_port AS ProxyPort, m.suspect_times AS SuspectTimes, m.start_time AS StartTime,
        m.i_am_alive_time AS IAmAliveTime, v.version AS Version
    FROM orleans_membership_version v LEFT JOIN orleans_membership m USING (deployment_id)
    WHERE v.deployment_id = @DeploymentId$$),
('GatewaysQueryKey', $$
    SELECT address AS Address, proxy_port AS ProxyPort, generation AS Generation
    FROM orleans_membership WHERE deployment_id = @DeploymentId AND status = @Status AND proxy_port > 0$$),
('DeleteMembershipTableEntriesKey', $$
    WITH gone AS (DELETE FROM orleans_membership WHERE deployment_id = @DeploymentId)
    DELETE FROM orleans_membership_version WHERE deployment_id = @DeploymentId$$),
-- 3: active. A silo that says so lives, or is declared dead by the others first.
('CleanupDefunctSiloEntriesKey', $$
    DELETE FROM orleans_membership WHERE deployment_id = @DeploymentId AND status <> 3 AND i_am_alive_time < @IAmAliveTime$$);
